import { useEffect, useState } from "react";
import { Link, Navigate, useLocation } from "react-router";
import { isUnsavedAnywhere } from "../app/unsaved";
import { OrganisationSignIn } from "../session/OrganisationSignIn";
import { SignInForm } from "../session/SignInForm";
import { useSession } from "../session/useSession";
import { Page } from "../ui/Page";
import { Banner } from "../ui/states";

export default function SignIn() {
  const session = useSession();
  const { state, hash } = useLocation();
  if (session) return <Navigate to={state?.from ?? "/"} replace />;
  return (
    <Page title="Sign in" heading="Sign in to Quill" width="narrow">
      {hash === "#signed-out" && <Banner tone="good">You have signed out.</Banner>}
      {state?.notice && <Banner tone="good">{state.notice}</Banner>}
      {state?.refused && (
        <Banner tone="bad" title="Your organisation’s sign-in did not let you in">
          You may have no role in Quill, or your account may be disabled. Ask whoever manages your account.
        </Banner>
      )}
      <UnsavedElsewhere />
      <section className="card">
        <SignInForm />
        <OrganisationSignIn />
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

/** A letter that waits in another tab for its author, whose session has ended. */
function UnsavedElsewhere() {
  const [isUnsaved, setUnsaved] = useState(false);
  useEffect(() => void isUnsavedAnywhere().then(setUnsaved), []);
  if (!isUnsaved) return null;
  return (
    <Banner tone="warn" title="Another tab has something that is not sent yet">
      It stays there if the person who typed it signs in. If anybody else does, it is lost.
    </Banner>
  );
}
