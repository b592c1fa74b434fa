/** Buttons, and links that look like them. One primary button a screen. */

import { Button as AriaButton, type ButtonProps as AriaButtonProps } from "react-aria-components";
import type { RefAttributes } from "react";
import { Link, type LinkProps } from "react-router";
import "./button.css";

type Kind = "primary" | "secondary" | "quiet" | "danger";

interface ButtonProps extends Omit<AriaButtonProps, "className" | "style">, RefAttributes<HTMLButtonElement> {
  kind?: Kind;
}

export function Button({ kind = "secondary", ...props }: ButtonProps) {
  return <AriaButton {...props} className="button" data-kind={kind} />;
}

interface ButtonLinkProps extends Omit<LinkProps, "className" | "style"> {
  kind?: Kind;
}

export function ButtonLink({ kind = "secondary", ...props }: ButtonLinkProps) {
  return <Link {...props} className="button" data-kind={kind} />;
}
