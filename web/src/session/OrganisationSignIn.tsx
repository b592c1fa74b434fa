import { useQuery } from "@tanstack/react-query";
import { anonymous, take } from "../api/client";
import "../ui/button.css";
import "./signIn.css";

interface Props {
  /** Whether this tab must stay as it is: the new one signs all tabs in. */
  inNewTab?: boolean;
}

/** Where there is an identity provider, a page of the server, not of the app, sends the browser on to it. */
export function OrganisationSignIn({ inNewTab }: Props) {
  const { data } = useQuery({
    queryKey: ["login-ways"],
    queryFn: () => take(anonymous.GET("/api/auth/login")),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (!data?.oidc) return null;
  return (
    <>
      <p className="or">or</p>
      <a className="button" data-kind="secondary" href="/api/auth/oidc/login" target={inNewTab ? "_blank" : undefined}>
        Sign in with your organisation’s account{inNewTab && " (in a new tab)"}
      </a>
    </>
  );
}
