/** One task of a run: why it failed, what it was given, what it gave, what it printed. */

import { get, part } from "../api/client";
import { useResource } from "../api/resource";
import type { Attempt, TaskDetail } from "../api/types";
import { duration, elapsed, plural } from "../lib/format";
import { setQuery, to } from "../lib/router";
import { isLive } from "../lib/states";
import { stripped, visible } from "../lib/ansi";
import { Facts, IconButton, Loading, Said, Section, Trouble } from "../parts/basics";
import { Failure } from "../parts/failure";
import { Output } from "../parts/output";
import { RunLine } from "../parts/run-line";
import { State } from "../parts/state";

interface InspectorProps {
  run: string;
  workflow: string;
  task: string;
}

export function Inspector({ run, workflow, task }: InspectorProps) {
  const { data, error } = useResource(
    `${run}/${task}`,
    (abort) => get<TaskDetail>(`/runs/${part(run)}/tasks/${part(task)}`, {}, abort),
    (change) => change.kind === "run" && change.run_id === run,
  );
  const shown = data.value;
  return (
    <aside class="inspector" aria-label={`Task ${visible(task)}`}>
      <header class="inspector-head">
        <h2>
          <Said text={task} />
        </h2>
        {shown && <State state={shown.task.state} />}
        <span class="grow" />
        <IconButton glyph="close" label="Close" onClick={() => setQuery({ task: "" }, false, true)} />
      </header>
      {error.value && !shown && <Trouble error={error.value} />}
      {!shown && !error.value && <Loading />}
      {shown && <Body shown={shown} run={run} workflow={workflow} />}
    </aside>
  );
}

function Body({ shown, run, workflow }: { shown: TaskDetail; run: string; workflow: string }) {
  const { task, error, inputs, output, attempts, children, failures } = shown;
  const slowest = shown.slowest.filter((item) => item.index !== null);
  // Of a task that is no map the one failure is the error itself.
  const failedItems = failures.filter((failure) => failure.index !== null);
  return (
    <>
      <p class="inspector-facts">
        <span>{duration(isLive(task.state) ? elapsed(task.started, null) : task.duration)}</span>
        {task.waited ? <span>waited {duration(task.waited)}</span> : null}
        {task.attempts > 0 && !task.items && <span>{plural(task.attempts, "attempt")}</span>}
        {task.items && <span>{plural(task.items.total ?? task.items.done, "item")}</span>}
        {task.restored && <span>restored</span>}
        {task.cached && <span>from the cache</span>}
        <a href={to("workflows", workflow, "tasks", task.name)}>Over time</a>
      </p>
      {task.reason && !error && (
        <p class="none">
          <Said text={task.reason} />
        </p>
      )}
      {error && (
        <Section title="Error">
          <Failure error={error} />
        </Section>
      )}
      {failedItems.length > 0 && <FailedItems failures={failedItems} />}
      {children.length > 0 && (
        <Section title="Runs of this step" note={children.length}>
          <div class="run-list compact">
            {children.map((child) => (
              <RunLine key={child.run_id} run={child} />
            ))}
          </div>
        </Section>
      )}
      <Previews inputs={inputs} output={output} />
      {attempts.length > 1 && !task.items && <Attempts attempts={attempts} />}
      {slowest.length > 0 && <Slowest slowest={slowest} />}
      <Section title="Output">
        <Output run={run} task={task.name} live={isLive(task.state)} />
      </Section>
    </>
  );
}

function Previews({ inputs, output }: Pick<TaskDetail, "inputs" | "output">) {
  return (
    <>
      {inputs.length > 0 && (
        <Section title="Input">
          {inputs.map(({ name, preview }) => (
            <Preview key={name} name={name} text={preview} />
          ))}
        </Section>
      )}
      {output && (
        <Section title="Result">
          <Preview name={output.type} text={output.preview} />
        </Section>
      )}
    </>
  );
}

export function Preview({ name, text }: { name: string; text: string }) {
  return (
    <div class="preview">
      <span class="note mono">{visible(name)}</span>
      <pre class="text">{stripped(text)}</pre>
    </div>
  );
}

function Attempts({ attempts }: { attempts: Attempt[] }) {
  return (
    <Section title="Attempts" note={attempts.length}>
      <ol class="plain-list">
        {attempts.map((attempt) => (
          <li key={`${attempt.index} ${attempt.attempt}`}>
            <span class="tabular">{attempt.attempt}</span>
            <State state={attempt.state} small />
            <span class="grow cut">{attempt.error && <Said text={attempt.error.message} />}</span>
            {attempt.delay ? <span class="note">after {duration(attempt.delay)}</span> : null}
            <span class="tabular">{duration(elapsed(attempt.started, attempt.finished))}</span>
          </li>
        ))}
      </ol>
    </Section>
  );
}

export function Slowest({ slowest }: Pick<TaskDetail, "slowest">) {
  const longest = Math.max(...slowest.map((item) => item.duration), 0.001);
  return (
    <Section title="Slowest items">
      <ol class="plain-list">
        {slowest.slice(0, 10).map((item) => (
          <li key={item.index}>
            <span class="tabular item-index">{item.index}</span>
            <State state={item.state} small />
            <span class="grow meter">
              <span style={{ width: `${(100 * item.duration) / longest}%` }} />
            </span>
            <span class="tabular">{duration(item.duration)}</span>
          </li>
        ))}
      </ol>
    </Section>
  );
}

function FailedItems({ failures }: Pick<TaskDetail, "failures">) {
  return (
    <Section title="Failed items" note={failures.length}>
      <Facts
        rows={failures.slice(0, 20).map(({ index, exception, message }) => [
          `item ${index}`,
          <>
            <span class="tone-bad mono">{exception}</span> <Said text={message} />
          </>,
        ])}
      />
    </Section>
  );
}
