/** Panning and zooming of a graph, without drawing it anew. */

import { select } from "d3-selection";
import { zoom, zoomIdentity, type ZoomTransform } from "d3-zoom";

import type { Layout, Place } from "./spec";

export interface View {
  x: number;
  y: number;
  k: number;
  width: number;
  height: number;
}

const NEAREST = 1.6;
export const MARGIN = 24;
/** Below this a name cannot be read. */
export const READABLE = 0.45;

export class Zoom {
  private readonly behaviour = zoom<SVGSVGElement, unknown>().scaleExtent([0.02, NEAREST]);
  private pending = 0;
  private touched = false;

  /**
   * @param svg What is watched for wheels, drags and pinches.
   * @param content What moves.
   * @param tell Called once a frame with what is seen now.
   */
  constructor(
    private readonly svg: SVGSVGElement,
    content: SVGGElement,
    private readonly tell: (view: View) => void,
  ) {
    this.behaviour.filter(
      (event: Event) =>
        // The page scrolls by the wheel; with a key, or in the full drawing, it zooms.
        event.type !== "wheel" || (event as WheelEvent).ctrlKey || (event as WheelEvent).metaKey,
    );
    this.behaviour.on("zoom", (event: { transform: ZoomTransform; sourceEvent: unknown }) => {
      content.setAttribute("transform", event.transform.toString());
      this.touched ||= Boolean(event.sourceEvent);
      this.look(event.transform);
    });
    select(svg).call(this.behaviour).on("dblclick.zoom", null);
  }

  /** Show all of it, or what is chosen where all of it could not be read. */
  fit(layout: Layout, focus: Place | undefined, force = false): void {
    if (this.touched && !force) return;
    this.touched = this.touched && !force;
    const { clientWidth: width, clientHeight: height } = this.svg;
    if (!width || !height) return;
    const whole = Math.min(
      1,
      (width - 2 * MARGIN) / Math.max(1, layout.width),
      (height - 2 * MARGIN) / Math.max(1, layout.height),
    );
    const near = focus && whole < READABLE && !force;
    const k = near ? 0.8 : whole;
    const at = near
      ? { x: focus.x + focus.width / 2, y: focus.y + focus.height / 2 }
      : { x: layout.width / 2, y: layout.height / 2 };
    const transform = zoomIdentity.translate(width / 2 - k * at.x, height / 2 - k * at.y).scale(k);
    select(this.svg).call(this.behaviour.transform, transform);
    // At once, so that the boxes are drawn in the same frame.
    this.tell({ x: transform.x, y: transform.y, k, width, height });
  }

  by(factor: number): void {
    this.touched = true;
    select(this.svg).call(this.behaviour.scaleBy, factor);
  }

  private look({ x, y, k }: ZoomTransform): void {
    if (this.pending) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      const { clientWidth: width, clientHeight: height } = this.svg;
      this.tell({ x, y, k, width, height });
    });
  }

  stop(): void {
    cancelAnimationFrame(this.pending);
    select(this.svg).on(".zoom", null);
  }
}
