import { Link, Navigate, useLocation } from "react-router";
import { SignInForm } from "../session/SignInForm";
import { useSession } from "../session/useSession";
import { Page } from "../ui/Page";
import { Banner } from "../ui/states";

export default function SignIn() {
  const session = useSession();
  const { state } = useLocation();
  if (session) return <Navigate to={state?.from ?? "/"} replace />;
  return (
    <Page title="Sign in" heading="Sign in to Quill" width="narrow">
      {state?.notice && <Banner tone="good">{state.notice}</Banner>}
      <section className="card">
        <SignInForm />
      </section>
      <p>
        You are a patient and new here? <Link to="/register">Register</Link>
      </p>
      <p>
        You were given an activation code? <Link to="/activate">Activate your account</Link>
      </p>
    </Page>
  );
}
