/** A field in which one of many is found by typing a part of its name. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import {
  Button as AriaButton,
  ComboBox,
  Input,
  type Key,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  Text,
} from "react-aria-components";
import { sentence } from "../api/sentences";
import { Close } from "../ui/icons";
import { useDebounced } from "../ui/useDebounced";
import type { Choice } from "./audit";
import "./picker.css";

const SETTLED_MS = 250;
const LEAST = 2;

export interface Found extends Choice {
  /** What tells it from others of the same name. */
  note: string;
}

interface Props {
  label: string;
  hint: string;
  value: Choice | undefined;
  onChange: (choice: Choice | undefined) => void;
  /** Name of the search, and the search itself. */
  kind: string;
  search: (text: string) => Promise<Found[]>;
}

/** The text in the field, and the choice that it names; what the screen chooses or clears shows in both. */
function useChoice(value: Choice | undefined, onChange: Props["onChange"]) {
  const [text, setText] = useState(value?.name ?? "");
  const [chosen, setChosen] = useState(value);
  useEffect(() => {
    if (value) setText(value.name);
    else if (chosen) setText("");
    setChosen(value);
  }, [value]); // only what comes from outside: typing has changed `chosen` already
  const choose = (choice: Choice): void => {
    setText(choice.name);
    setChosen(choice);
    onChange(choice);
  };
  const type = (typed: string): void => {
    setText(typed);
    if (!chosen || typed === chosen.name) return;
    setChosen(undefined);
    onChange(undefined);
  };
  return { text, chosen, choose, type };
}

export function Picker({ label, hint, value, onChange, kind, search }: Props) {
  const { text, chosen, choose, type } = useChoice(value, onChange);
  const input = useRef<HTMLInputElement>(null);
  const typed = text.trim();
  const wanted = useDebounced(typed, SETTLED_MS);
  const isWanting = typed.length >= LEAST && typed !== chosen?.name;
  const isSearching = isWanting && wanted.length >= LEAST;
  const { data = [], isFetching, error } = useQuery({
    queryKey: ["picker", kind, wanted],
    queryFn: () => search(wanted),
    enabled: isSearching,
  });
  const found = isSearching ? data : [];
  const pick = (key: Key | null): void => {
    const choice = found.find(({ id }) => id === key);
    if (choice) choose({ id: choice.id, name: choice.name });
  };
  const clear = (): void => {
    type("");
    input.current?.focus();
  };
  const isOnItsWay = isFetching || wanted !== typed;
  const none = (): ReactNode => (
    <p className="soft picker-none">{isOnItsWay ? "Searching…" : error ? sentence(error) : "Nobody is found"}</p>
  );
  return (
    <ComboBox
      className="field picker"
      items={found}
      inputValue={text}
      onInputChange={type}
      selectedKey={null}
      onSelectionChange={pick}
      defaultFilter={() => true}
      allowsEmptyCollection={isWanting}
      allowsCustomValue
      menuTrigger="input"
    >
      <Label>{label}</Label>
      <Text slot="description" className="hint">
        {hint}
      </Text>
      <div className="picker-row">
        <Input ref={input} className="input" autoComplete="off" spellCheck={false} />
        {chosen && (
          <AriaButton slot={null} className="picker-clear" aria-label={`Clear: ${label}`} onPress={clear}>
            <Close />
          </AriaButton>
        )}
      </div>
      <Popover className="picker-popover">
        <ListBox className="picker-list" renderEmptyState={none}>
          {(one: Found) => (
            <ListBoxItem id={one.id} textValue={one.name} className="picker-item">
              <Text slot="label">{one.name}</Text>
              <Text slot="description" className="hint">
                {one.note}
              </Text>
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  );
}
