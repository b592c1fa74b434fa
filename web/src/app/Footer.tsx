import { Link } from "react-router";

export function Footer() {
  return (
    <footer className="foot no-print">
      <Link to="/accessibility">Accessibility</Link>
      <a href="/about.html">About Quill</a>
    </footer>
  );
}
