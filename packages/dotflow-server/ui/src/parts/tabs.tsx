/** Tabs whose choice stands in the address. */

import type { ComponentChildren } from "preact";

import { query, setQuery } from "../lib/router";

export interface Tab {
  id: string;
  label: string;
  count?: number | undefined;
}

interface TabsProps {
  name: string;
  tabs: Tab[];
  label: string;
  children?: ComponentChildren;
}

export function chosenTab(name: string, tabs: Tab[]): string {
  const wanted = query.value.get(name);
  return tabs.find((tab) => tab.id === wanted)?.id ?? tabs[0]?.id ?? "";
}

export function Tabs({ name, tabs, label, children }: TabsProps) {
  const chosen = chosenTab(name, tabs);
  const step = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const at = tabs.findIndex((tab) => tab.id === chosen);
    const next = tabs[(at + by + tabs.length) % tabs.length];
    if (!next) return;
    event.preventDefault();
    choose(name, next.id, tabs);
    const list = event.currentTarget as HTMLElement;
    list.querySelector<HTMLElement>(`[data-tab="${next.id}"]`)?.focus();
  };
  return (
    <div class="tabs">
      <div class="tab-list" role="tablist" aria-label={label} onKeyDown={step}>
        {tabs.map((tab) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            data-tab={tab.id}
            aria-selected={tab.id === chosen}
            tabIndex={tab.id === chosen ? 0 : -1}
            onClick={() => choose(name, tab.id, tabs)}
          >
            {tab.label}
            {tab.count !== undefined && <span class="count">{tab.count}</span>}
          </button>
        ))}
      </div>
      {children}
    </div>
  );
}

function choose(name: string, id: string, tabs: Tab[]): void {
  setQuery({ [name]: id === tabs[0]?.id ? null : id });
}
