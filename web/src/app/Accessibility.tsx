import { Page } from "../ui/Page";

export default function Accessibility() {
  return (
    <Page title="Accessibility" heading="How accessible Quill is" width="text">
      <div className="prose">
        <p>
          Quill should be usable by everybody who writes or reads letters: with a mouse, a keyboard, a finger, a screen
          reader, large text or their own colours. We build it to the Web Content Accessibility Guidelines 2.2, level AA.
        </p>
        <h2>What is tested</h2>
        <ul>
          <li>Every screen is checked by a program (axe), light and dark, on the width of a phone and of a desk.</li>
          <li>The main tasks are done with the keyboard alone, by a program: signing in, writing a letter, reading one.</li>
          <li>Buttons and links are at least 24 pixels in size, the main ones 44.</li>
          <li>Text has a contrast of at least 4.5 to 1 in both colour schemes.</li>
          <li>Letters as PDF carry tags for screen readers (PDF/UA).</li>
        </ul>
        <h2>What is not</h2>
        <ul>
          <li>
            Quill was not yet tested with people who use a screen reader, a magnifier or voice control. Programs find only
            some of the barriers that people meet.
          </li>
          <li>No independent body has judged it, so we do not claim that it conforms.</li>
          <li>Letters are written by clinicians: how plainly they are worded is beyond this program.</li>
        </ul>
        <h2>If something does not work for you</h2>
        <p>
          Tell your clinic, which can also give you your letters on paper or in another form. Please say which page it was
          and what you use to read it.
        </p>
      </div>
    </Page>
  );
}
