import { readFileSync } from "node:fs";
import { readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type HtmlTagDescriptor, type Plugin, type ProxyOptions, type Rolldown } from "vite";
import { VitePWA } from "vite-plugin-pwa";

const COMPRESSED = /\.(js|css|html|svg|webmanifest)$/;

/** Writes .br and .gz beside what compresses well, so that Caddy need not do it for every answer. */
function precompress(): Plugin {
  return {
    name: "quill-precompress",
    apply: "build",
    enforce: "post",
    closeBundle: {
      order: "post",
      sequential: true,
      async handler() {
        const files = await readdir("dist", { recursive: true });
        await Promise.all(files.filter((file) => COMPRESSED.test(file)).map((file) => compress(path.join("dist", file))));
      },
    },
  };
}

async function compress(file: string): Promise<void> {
  const content = await readFile(file);
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: content.length };
  await writeFile(`${file}.br`, await promisify(brotliCompress)(content, { params }));
  await writeFile(`${file}.gz`, await promisify(gzip)(content, { level: 9 }));
}

const STYLE_ELEMENT = "let style = document.createElement('style')";
const STYLE_INSERTED = "document.head.prepend(style)";

/** React Aria's style against scrolling behind a dialog (on iPhones) goes into a sheet: the policy refuses style elements. */
function sheetsForStyles(): Plugin {
  return {
    name: "quill-sheets-for-styles",
    transform: {
      filter: { id: /overlays\/usePreventScroll\.mjs$/ },
      handler(code) {
        if (!code.includes(STYLE_ELEMENT) || !code.includes(STYLE_INSERTED)) throw new Error("React Aria styles differently now");
        const sheet = `let sheet = new CSSStyleSheet();
          let style = {
            set textContent(text) { sheet.replaceSync(text); },
            remove() { document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== sheet); },
          };`;
        return code.replace(STYLE_ELEMENT, sheet).replace(STYLE_INSERTED, "document.adoptedStyleSheets.push(sheet)");
      },
    },
  };
}

const MOST_SCREENS = 10;

/**
 * Few pieces, since the worker fetches one after the other. What start.ts needs is small and stays apart; the frame with
 * sign-in, what most screens need, and a patient's list come in one piece each; so does what only clinicians or only
 * administrators open, apart from what is large and seldom needed.
 */
const codeSplitting: Rolldown.CodeSplittingOptions = {
  groups: [
    { name: (id, graph) => (isOfStart(id, graph) ? "start" : null), debugName: "start", priority: 3 },
    { name: "shared", minShareCount: MOST_SCREENS, priority: 2 },
    { name: "main", test: /\/src\/(main|session\/SignInForm)\.tsx$/, priority: 1 },
    { name: "reading", test: /\/src\/patient\/(Letters|NotLinked|inbox)\.tsx?$/, priority: 1 },
    { name: "controls", test: /\/src\/(api|app|ui|letters\/(?!Markdown|markdown))/, minShareCount: 2, priority: 1 },
    { name: "clinician", test: /\/src\/clinician\/(?!Difference|difference)/, priority: 0 },
    { name: "admin", test: /\/src\/admin\/(?!Audit|Picker|audit|export|csv)/, priority: 0 },
  ],
};

function isOfStart(id: string, graph: Rolldown.ChunkingContext, seen = new Set<string>()): boolean {
  if (id.endsWith("/src/start.ts")) return true;
  if (seen.has(id)) return false;
  seen.add(id);
  return graph.getModuleInfo(id)?.importers.some((importer) => isOfStart(importer, graph, seen)) ?? false;
}

/** The frame is asked for together with the page, and not only once start.ts runs. */
function preloadFrame(): Plugin {
  return {
    name: "quill-preload-frame",
    transformIndexHtml: {
      order: "post",
      handler: (_, { bundle }) => bundle && chunksOf("main", bundle).map(preload),
    },
  };
}

/** The files that a chunk is made of: its own, and those that it imports. */
function chunksOf(name: string, bundle: Rolldown.OutputBundle): string[] {
  const chunks = Object.values(bundle).filter((output) => output.type === "chunk");
  const start = chunks.filter((chunk) => chunk.isEntry).flatMap((chunk) => [chunk.fileName, ...chunk.imports]);
  const found = new Set(chunks.filter((chunk) => chunk.name === name).map((chunk) => chunk.fileName));
  if (found.size === 0) throw new Error(`no chunk is named ${name}`);
  for (const file of found) chunks.find((chunk) => chunk.fileName === file)?.imports.forEach((one) => found.add(one));
  return [...found].filter((file) => !start.includes(file));
}

function preload(file: string): HtmlTagDescriptor {
  return { tag: "link", attrs: { rel: "modulepreload", crossorigin: true, href: `/${file}` }, injectTo: "head" };
}

/** Where the running fleet listens: its own file says so, or QUILL_PORT. */
function fleet(): string {
  const home = process.env.QUILL_HOME ?? path.join(import.meta.dirname, "../.quill");
  try {
    const { processes } = JSON.parse(readFileSync(path.join(home, "fleet.json"), "utf8"));
    const caddy = processes.find((one: { name: string }) => one.name === "caddy");
    return `http://localhost:${caddy.port}`;
  } catch {
    return `http://localhost:${process.env.QUILL_PORT ?? 8080}`;
  }
}

/** The services take changes from the fleet's own address only, so requests are sent on as if they came from there. */
function throughDoor(target: string): ProxyOptions {
  return {
    target,
    changeOrigin: true,
    configure: (proxy) => proxy.on("proxyReq", (request) => request.hasHeader("origin") && request.setHeader("origin", target)),
  };
}

export default defineConfig(({ command }) => ({
  plugins: [
    react(),
    sheetsForStyles(),
    preloadFrame(),
    VitePWA({
      strategies: "injectManifest",
      srcDir: "src",
      filename: "sw.ts",
      registerType: "prompt",
      injectRegister: false,
      injectManifest: { globPatterns: ["index.html", "assets/*.{js,css}", "*.{svg,webmanifest}", "icon-192.png"] },
      manifest: {
        id: "/",
        name: "Quill – clinical letters",
        short_name: "Quill",
        description: "Letters from your clinicians, in your own record.",
        lang: "en-GB",
        start_url: "/",
        scope: "/",
        display: "standalone",
        theme_color: "#0f4c5c",
        background_color: "#fbf8f1",
        icons: [
          { src: "/icon-192.png", sizes: "192x192", type: "image/png" },
          { src: "/icon-512.png", sizes: "512x512", type: "image/png" },
          { src: "/icon-maskable-512.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
        ],
      },
    }),
    precompress(),
  ],
  resolve: { alias: { "linkify-it": path.join(import.meta.dirname, "src/letters/noLinks.ts") } },
  build: {
    target: "baseline-widely-available",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    cssCodeSplit: false, // all of it is 5 kB
    rolldownOptions: { output: { codeSplitting } },
  },
  server:
    command === "serve" && !process.env.VITEST
      ? { host: "localhost", port: 5173, proxy: { "^/(api|problems)(/|$)": throughDoor(fleet()) } }
      : {},
}));
