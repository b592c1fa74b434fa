import { useId, useState } from "react";
import { chooseTheme, chosenTheme, type Theme } from "./theme";
import "./theme.css";

const THEMES: readonly (readonly [Theme, string])[] = [
  ["system", "Auto"],
  ["light", "Light"],
  ["dark", "Dark"],
];

export function ThemeSwitch() {
  const [theme, setTheme] = useState(chosenTheme);
  const name = useId();
  const choose = (value: Theme): void => {
    chooseTheme(value);
    setTheme(value);
  };
  return (
    <fieldset className="theme" aria-label="Colours">
      {THEMES.map(([value, label]) => (
        <label key={value}>
          <input type="radio" className="unseen" name={name} checked={value === theme} onChange={() => choose(value)} />
          {label}
        </label>
      ))}
    </fieldset>
  );
}
