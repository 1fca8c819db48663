/** A question before something that cannot be taken back, and the list of keys. */

import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { helpOpen, KEYS } from "../lib/keyboard";
import { Button, IconButton } from "./basics";

interface Question {
  title: string;
  text: string;
  action: string;
  answer: (yes: boolean) => void;
}

const question = signal<Question | null>(null);

/** Ask, and wait for the answer. */
export function confirmed(title: string, text: string, action: string): Promise<boolean> {
  return new Promise((resolve) => {
    question.value = {
      title,
      text,
      action,
      answer: (yes) => {
        question.value = null;
        resolve(yes);
      },
    };
  });
}

export function Dialogs() {
  const asked = question.value;
  return (
    <>
      {helpOpen.value && <Help />}
      {asked && (
        <Dialog title={asked.title} onClose={() => asked.answer(false)}>
          <p>{asked.text}</p>
          <div class="dialog-actions">
            <Button onClick={() => asked.answer(false)}>Not now</Button>
            <Button danger onClick={() => asked.answer(true)}>
              {asked.action}
            </Button>
          </div>
        </Dialog>
      )}
    </>
  );
}

function Help() {
  return (
    <Dialog title="Keys" onClose={() => (helpOpen.value = false)}>
      <dl class="keys">
        {KEYS.map(([keys, does]) => (
          <div key={keys}>
            <dt>
              {keys.split(/ +/).map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

interface DialogProps {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}

export function Dialog({ title, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    element.current?.showModal();
  }, []);
  return (
    <dialog
      ref={element}
      aria-label={title}
      onClose={onClose}
      onClick={(event) => event.target === element.current && onClose()}
    >
      <div class="dialog-body">
        <header class="section-head">
          <h2>{title}</h2>
          <span class="grow" />
          <IconButton glyph="close" label="Close" onClick={onClose} />
        </header>
        {children}
      </div>
    </dialog>
  );
}
