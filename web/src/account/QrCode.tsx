import { useQuery } from "@tanstack/react-query";
import { Failed, Loading } from "../ui/states";
import "./account.css";

const MARGIN = 4; // modules of quiet around the code (ISO/IEC 18004)

/** Drawn here, black on white in either theme, so that every phone can read it. */
export function QrCode({ text, label }: { text: string; label: string }) {
  const { data, error, refetch } = useQuery({ queryKey: ["qr", text], queryFn: () => draw(text), gcTime: 0 });
  if (error) return <Failed error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading what="Drawing the code" lines={2} />;
  const side = data.size + 2 * MARGIN;
  return (
    <svg className="qr" role="img" aria-label={label} viewBox={`${-MARGIN} ${-MARGIN} ${side} ${side}`} shapeRendering="crispEdges">
      <rect x={-MARGIN} y={-MARGIN} width={side} height={side} fill="#ffffff" />
      <path d={data.path} fill="#000000" />
    </svg>
  );
}

async function draw(text: string): Promise<{ size: number; path: string }> {
  const { default: qrcode } = await import("qrcode");
  const { modules } = qrcode.create(text, { errorCorrectionLevel: "M" });
  const dark = Array.from(modules.data, (bit, at) => (bit ? `M${at % modules.size} ${Math.floor(at / modules.size)}h1v1h-1z` : ""));
  return { size: modules.size, path: dark.join("") };
}
