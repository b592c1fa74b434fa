/** Who may see a screen. The services decide again about all that it shows; this only leads people the right way. */

import type { ReactNode } from "react";
import { Navigate, useLocation } from "react-router";
import type { Role } from "../session/store";
import { useMustEnrol, useSession } from "../session/useSession";
import { ButtonLink } from "../ui/Button";
import { Page } from "../ui/Page";

/** Where an identity provider's answer opened no account, the browser is sent to "/" with this. */
const REFUSED = "#sign-in-refused";

export function Guard({ roles, children }: { roles: readonly Role[]; children: ReactNode }) {
  const session = useSession();
  const mustEnrol = useMustEnrol();
  const { pathname, hash } = useLocation();
  if (!session) return <Navigate to="/sign-in" replace state={{ from: pathname, refused: hash === REFUSED }} />;
  if (mustEnrol && pathname !== "/account") return <Navigate to="/account" replace />;
  if (session.user.roles.some((role) => roles.includes(role))) return children;
  return (
    <Page title="Not for your account" lead="This page belongs to another kind of account." width="text">
      <div className="actions">
        <ButtonLink kind="primary" to="/">
          Go to your start page
        </ButtonLink>
      </div>
    </Page>
  );
}
