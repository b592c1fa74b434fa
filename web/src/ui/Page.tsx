/** A screen: its title in the tab, its heading on top, and the focus on the heading after a change of screens. */

import { type ReactNode, useEffect, useRef } from "react";
import { Link, useLocation } from "react-router";
import { Arrow } from "./icons";
import "./page.css";

interface Props {
  /** The tab's title; " – Quill" follows. */
  title: string;
  /** The visible heading where it says more, or less, than the title. */
  heading?: ReactNode;
  lead?: ReactNode;
  /** Buttons beside the heading. */
  actions?: ReactNode;
  back?: { to: string; label: string };
  width?: "wide" | "text" | "narrow";
  /** Whether it has taken the place of another at the same address, and the focus that was there. */
  takesFocus?: boolean;
  children?: ReactNode;
}

let shown: string | undefined;

export function Page({ title, heading = title, lead, actions, back, width = "wide", takesFocus, children }: Props) {
  const top = useRef<HTMLHeadingElement>(null);
  const { pathname } = useLocation();
  useEffect(() => {
    document.title = `${title} – Quill`;
  }, [title]);
  useEffect(() => {
    const isNew = takesFocus || (shown !== undefined && shown !== pathname);
    shown = pathname;
    if (isNew && !document.activeElement?.closest("main input, main textarea")) top.current?.focus();
  }, [pathname]);
  return (
    <div className="page" data-width={width}>
      <div className="page-head">
        <div>
          {back && (
            <Link className="back no-print" to={back.to}>
              <Arrow direction="left" /> {back.label}
            </Link>
          )}
          <h1 ref={top} tabIndex={-1}>
            {heading}
          </h1>
          {lead && <p className="page-lead">{lead}</p>}
        </div>
        {actions && <div className="actions no-print">{actions}</div>}
      </div>
      {children}
    </div>
  );
}

interface CardProps {
  title?: ReactNode;
  actions?: ReactNode;
  /** Whether it has taken the place of something else, and the focus that was there. */
  takesFocus?: boolean;
  children: ReactNode;
}

/** A part of a screen, with a heading of its own. */
export function Card({ title, actions, takesFocus, children }: CardProps) {
  const top = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (takesFocus) top.current?.focus();
  }, []); // when it appears
  return (
    <section className="card">
      {title && (
        <div className="card-head">
          <h2 ref={top} tabIndex={takesFocus ? -1 : undefined}>
            {title}
          </h2>
          {actions}
        </div>
      )}
      {children}
    </section>
  );
}
