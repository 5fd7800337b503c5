import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// For `npm run dev`, beside a RADIANT that was started by `./radiant up`.
const api = "http://127.0.0.1:8000";

const src = new URL("./src", import.meta.url).pathname;

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: {
    alias: {
      "@": src,
      "rehype-raw": `${src}/lib/stand-ins/rehype-raw.ts`,
      "react-remove-scroll": `${src}/lib/stand-ins/react-remove-scroll.ts`,
    },
  },
  server: { proxy: { "/api": api, "/v1": api } },
  build: {
    // The package serves this folder; it lies outside web/ on purpose.
    outDir: "../src/radiant/static",
    emptyOutDir: true,
    target: "es2022",
    // The content security policy allows no data: scripts and no inline preload helper is needed.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      output: {
        // What every page needs, in one file that changes only when a library does.
        advancedChunks: {
          groups: [
            {
              name: "vendor",
              test: /node_modules\/(react|react-dom|scheduler|@tanstack|@radix-ui(?!\/react-tabs)|@floating-ui|radix-ui|aria-hidden|wouter|regexparam|use-sync-external-store|clsx|tailwind-merge|class-variance-authority)\//,
            },
            // What several people write at once, and the canvas: each asked for by the pages that have it. After
            // the vendor, since a group takes along what it needs that is in none before it.
            { name: "editor", test: /node_modules\/(@codemirror\/(state|view|language|commands|search)|@lezer\/(common|highlight|lr)|style-mod|w3c-keyname|crelt|@marijn|yjs|lib0|y-protocols|y-codemirror\.next|@hocuspocus|@lifeomic)\// },
            { name: "flow", test: /node_modules\/(@xyflow|zustand|d3-(zoom|drag|selection|interpolate|dispatch|ease|timer|transition|color))\// },
          ],
        },
      },
    },
  },
});
