/** What is laid out: boxes of a size, what is within which, and what comes after what. */

import type { TaskNode } from "../api/types";
import { isBad, isLive, look } from "../lib/states";

export interface Spec {
  nodes: { id: string; width: number; height: number; inner: Spec | null }[];
  edges: [string, string][];
  direction: "LR" | "TB";
}

export interface Place {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Layout {
  width: number;
  height: number;
  places: Record<string, Place>;
  /** Each line from a box to one after it, as the path of an SVG. */
  edges: { from: string; to: string; path: string }[];
}

export const NODE = { width: 184, height: 44 };
/** Around what is unfolded, with room for a name above it. */
export const INNER = { side: 14, top: 34 };

/** A task in the drawing. */
export interface Drawn {
  task: TaskNode;
  /** Its name within the sub-workflow that it is of. */
  name: string;
  /** What it does and tells: of a sub-workflow, what its tasks do. */
  state: string;
  members: TaskNode[];
  unfolded: boolean;
}

/** The tasks of a run as a tree: those of a sub-workflow are within it. */
export class Tree {
  private readonly members = new Map<string | null, TaskNode[]>();
  private readonly byName: Map<string, TaskNode>;

  constructor(
    private readonly tasks: TaskNode[],
    private readonly unfolded: ReadonlySet<string>,
  ) {
    this.byName = new Map(tasks.map((task) => [task.name, task]));
    for (const task of tasks) {
      const siblings = this.members.get(task.parent);
      if (siblings) siblings.push(task);
      else this.members.set(task.parent, [task]);
    }
  }

  /** The sub-workflows that a task is in, from within. */
  around(name: string): string[] {
    const parent = this.byName.get(name)?.parent;
    return parent ? [parent, ...this.around(parent)] : [];
  }

  spec(direction: Spec["direction"], within: string | null = null): Spec {
    const tasks = this.members.get(within) ?? [];
    const edges = new Map<string, [string, string]>();
    for (const task of this.tasks) {
      const to = this.lifted(task.name, within);
      for (const up of to === null ? [] : task.upstream) {
        const from = this.lifted(up, within);
        if (from !== null && to !== null && from !== to) edges.set(`${from}\n${to}`, [from, to]);
      }
    }
    return {
      direction,
      nodes: tasks.map(({ name }) => ({
        id: name,
        ...NODE,
        inner: this.isOpen(name) ? this.spec(direction, name) : null,
      })),
      edges: [...edges.values()],
    };
  }

  /** What is drawn; a sub-workflow before what is within it. */
  drawn(within: string | null = null): Drawn[] {
    return (this.members.get(within) ?? []).flatMap((task) => {
      const members = this.members.get(task.name) ?? [];
      const unfolded = this.isOpen(task.name);
      const own = {
        task,
        name: within === null ? task.name : task.name.slice(within.length + 1),
        state: members.length ? together(task, members) : task.state,
        members,
        unfolded,
      };
      return unfolded ? [own, ...this.drawn(task.name)] : [own];
    });
  }

  private isOpen(name: string): boolean {
    return this.unfolded.has(name) && this.members.has(name);
  }

  /** The task of this level that a task is, or is within; null if neither. */
  private lifted(name: string, within: string | null): string | null {
    const task = this.byName.get(name);
    if (!task) return null;
    if (task.parent === within) return name;
    return task.parent === null ? null : this.lifted(task.parent, within);
  }
}

/** A sub-workflow begins with the first of its tasks, and fails with it. */
function together(task: TaskNode, members: TaskNode[]): string {
  if (look(task.state).label !== "Not started") return task.state;
  const live = members.find(({ state }) => isLive(state));
  const bad = members.find(({ state }) => isBad(state));
  if (live || bad) return (live ?? bad)?.state ?? task.state;
  const begun = members.some(({ state }) => look(state).tone === "good");
  return begun ? "In progress" : task.state;
}
