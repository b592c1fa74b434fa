import type { ReactNode } from "react";
import { ButtonLink } from "../ui/Button";
import { Empty } from "../ui/states";

/** In place of what only a linked record can show. */
export function NotLinked({ children }: { children: ReactNode }) {
  const link = (
    <ButtonLink kind="primary" to="/link">
      Link your record
    </ButtonLink>
  );
  return (
    <Empty title="Your record is not linked yet" actions={link}>
      {children}
    </Empty>
  );
}
