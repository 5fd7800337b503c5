import { defineConfig, mergeConfig } from "vitest/config";
import page from "./vite.config";

// Apart from vite.config.ts, since a build is made without the tools of the tests.
export default mergeConfig(page, defineConfig({ test: { environment: "node", include: ["src/**/*.test.ts"] } }));
