/** A field in which one of many is found by typing a part of its name. */

import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
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
import { useDebounced } from "../clinician/useDebounced";
import { Close } from "../ui/icons";
import type { Choice } from "./audit";
import "./picker.css";

const SETTLED_MS = 250;

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

export function Picker({ label, hint, value, onChange, kind, search }: Props) {
  const [text, setText] = useState(value?.name ?? "");
  useEffect(() => {
    if (value) setText(value.name);
  }, [value]);
  const wanted = useDebounced(text.trim(), SETTLED_MS);
  const isSearching = wanted.length > 1 && wanted !== value?.name;
  const { data = [], isFetching } = useQuery({
    queryKey: ["picker", kind, wanted],
    queryFn: () => search(wanted),
    enabled: isSearching,
  });
  const found = isSearching ? data : [];
  const none = (): ReactNode => <p className="soft picker-none">{isFetching ? "Searching…" : "Nobody is found"}</p>;
  const choose = (key: Key | null): void => {
    const choice = found.find(({ id }) => id === key);
    if (!choice) return;
    setText(choice.name);
    onChange({ id: choice.id, name: choice.name });
  };
  const type = (typed: string): void => {
    setText(typed);
    if (value && typed !== value.name) onChange(undefined);
  };
  return (
    <ComboBox
      className="field picker"
      items={found}
      inputValue={text}
      onInputChange={type}
      selectedKey={null}
      onSelectionChange={choose}
      defaultFilter={() => true}
      allowsEmptyCollection={isSearching}
      allowsCustomValue
      menuTrigger="input"
    >
      <Label>{label}</Label>
      <Text slot="description" className="hint">
        {hint}
      </Text>
      <div className="picker-row">
        <Input className="input" autoComplete="off" spellCheck={false} />
        {value && (
          <AriaButton slot={null} className="picker-clear" aria-label={`Clear: ${label}`} onPress={() => type("")}>
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
