import { fileURLToPath } from "node:url";

import { defineConfig } from "vite";

const still = fileURLToPath(new URL("src/graph/still.ts", import.meta.url));

const treeshake = { propertyReadSideEffects: false, unknownGlobalSideEffects: false } as const;

// Of all that dagre's graphs can do, such as shortest paths, a layout walks them alone.
const lean = {
  name: "lean-dagre",
  transform: (code: string) =>
    code.replace(/\{CycleException:[^}]*\}/, (all) => `{${all.match(/(pre|post)order:[^,}]*/g)}}`),
};

// One flat folder, which the wheel carries: index.html, and the rest by hashed names.
export default defineConfig({
  base: "/assets/",
  publicDir: false,
  resolve: {
    alias: { "d3-transition": still, "d3-interpolate": still, "d3-drag": still },
  },
  build: {
    outDir: "../src/dotflow_server/assets",
    emptyOutDir: true,
    assetsDir: "",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    cssTarget: "esnext",
    reportCompressedSize: false,
    rolldownOptions: { treeshake },
  },
  worker: {
    format: "es",
    plugins: () => [lean],
    rolldownOptions: { treeshake, output: { minify: true, comments: false } },
  },
});
