import { readFileSync } from "node:fs";
import { readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin, type ProxyOptions } from "vite";
import { VitePWA } from "vite-plugin-pwa";

const COMPRESSED = /\.(js|css|html|svg|webmanifest)$/;

/** Writes .br and .gz beside what compresses well, so that Caddy need not do it for every answer. */
function precompress(): Plugin {
  return {
    name: "quill-precompress",
    apply: "build",
    enforce: "post",
    closeBundle: {
      order: "post",
      sequential: true,
      async handler() {
        const files = await readdir("dist", { recursive: true });
        await Promise.all(files.filter((file) => COMPRESSED.test(file)).map((file) => compress(path.join("dist", file))));
      },
    },
  };
}

async function compress(file: string): Promise<void> {
  const content = await readFile(file);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  await writeFile(`${file}.br`, await promisify(brotliCompress)(content, { params }));
  await writeFile(`${file}.gz`, await promisify(gzip)(content, { level: 9 }));
}

const STYLE_ELEMENT = "let style = document.createElement('style')";
const STYLE_INSERTED = "document.head.prepend(style)";

/** React Aria's style against scrolling behind a dialog (on iPhones) goes into a sheet: the policy refuses style elements. */
function sheetsForStyles(): Plugin {
  return {
    name: "quill-sheets-for-styles",
    transform: {
      filter: { id: /overlays\/usePreventScroll\.mjs$/ },
      handler(code) {
        if (!code.includes(STYLE_ELEMENT) || !code.includes(STYLE_INSERTED)) throw new Error("React Aria styles differently now");
        const sheet = `let sheet = new CSSStyleSheet();
          let style = {
            set textContent(text) { sheet.replaceSync(text); },
            remove() { document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet); },
          };`;
        return code.replace(STYLE_ELEMENT, sheet).replace(STYLE_INSERTED, "document.adoptedStyleSheets.push(sheet)");
      },
    },
  };
}

/** Where the running fleet listens: its own file says so, or QUILL_PORT. */
function fleet(): string {
  const home = process.env.QUILL_HOME ?? path.join(import.meta.dirname, "../.quill");
  try {
    const { processes } = JSON.parse(readFileSync(path.join(home, "fleet.json"), "utf8"));
    const caddy = processes.find((one: { name: string }) => one.name === "caddy");
    return `http://localhost:${caddy.port}`;
  } catch {
    return `http://localhost:${process.env.QUILL_PORT ?? 8080}`;
  }
}

/** The services take changes from the fleet's own address only, so requests are sent on as if they came from there. */
function throughDoor(target: string): ProxyOptions {
  return {
    target,
    changeOrigin: true,
    configure: (proxy) => proxy.on("proxyReq", (request) => request.hasHeader("origin") && request.setHeader("origin", target)),
  };
}

export default defineConfig(({ command }) => ({
  plugins: [
    react(),
    sheetsForStyles(),
    VitePWA({
      strategies: "injectManifest",
      srcDir: "src",
      filename: "sw.ts",
      registerType: "prompt",
      injectRegister: false,
      injectManifest: { globPatterns: ["index.html", "assets/*.{js,css}", "*.{svg,webmanifest}", "icon-192.png"] },
      manifest: {
        id: "/",
        name: "Quill – clinical letters",
        short_name: "Quill",
        description: "Letters from your clinicians, in your own record.",
        lang: "en-GB",
        start_url: "/",
        scope: "/",
        display: "standalone",
        theme_color: "#0f4c5c",
        background_color: "#fbf8f1",
        icons: [
          { src: "/icon-192.png", sizes: "192x192", type: "image/png" },
          { src: "/icon-512.png", sizes: "512x512", type: "image/png" },
          { src: "/icon-maskable-512.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
        ],
      },
    }),
    precompress(),
  ],
  build: { target: "baseline-widely-available", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server:
    command === "serve" && !process.env.VITEST
      ? { host: "localhost", port: 5173, proxy: { "^/(api|problems)(/|$)": throughDoor(fleet()) } }
      : {},
}));
