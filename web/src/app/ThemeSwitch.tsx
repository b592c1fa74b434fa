import { useState } from "react";
import { Radio, RadioGroup } from "react-aria-components";
import { chooseTheme, chosenTheme, type Theme } from "./theme";
import "./theme.css";

const THEMES: readonly (readonly [Theme, string])[] = [
  ["system", "Auto"],
  ["light", "Light"],
  ["dark", "Dark"],
];

export function ThemeSwitch() {
  const [theme, setTheme] = useState(chosenTheme);
  const choose = (value: string): void => {
    chooseTheme(value as Theme);
    setTheme(value as Theme);
  };
  return (
    <RadioGroup className="theme" aria-label="Colours" orientation="horizontal" value={theme} onChange={choose}>
      {THEMES.map(([value, name]) => (
        <Radio key={value} value={value}>
          {name}
        </Radio>
      ))}
    </RadioGroup>
  );
}
