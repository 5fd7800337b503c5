// Draws diagrams for the page, in a frame of its own: without an origin, a network or the page's cookies, and with the
// inline styles that mermaid needs and the page's policy forbids. Also makes drawings sound that are given as SVG.
// Answers {id, svg} or {id, error}.
const load = (url) =>
  new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = url;
    script.onload = resolve;
    script.onerror = () => reject(new Error("the drawing library did not load"));
    document.head.append(script);
  });
const loaded = new Map();

// No pictures, links or foreign HTML: a drawing that loaded one would tell its server that it was looked at.
const rules = {
  USE_PROFILES: { svg: true, svgFilters: true },
  FORBID_TAGS: ["image", "feimage", "a", "use", "foreignobject", "script", "animate", "set"],
  FORBID_ATTR: ["href", "xlink:href"],
};
const unlinked = (svg) => svg.replace(/url\((?!["']?#)[^)]*\)|@import[^;]*;?/gi, "none");
const sound = (svg) => unlinked(DOMPurify.sanitize(svg, rules));

// Somebody's own drawing, as the well-formed document that a picture has to be.
const soundPicture = (source) => {
  const drawing = DOMPurify.sanitize(source, { ...rules, RETURN_DOM_FRAGMENT: true }).querySelector("svg");
  if (!drawing) throw new Error("this is no SVG drawing");
  return unlinked(new XMLSerializer().serializeToString(drawing));
};

addEventListener("message", async (event) => {
  if (event.source !== parent) return;
  const { id, libraries, source, dark, picture } = event.data;
  try {
    await Promise.all(libraries.map((url) => loaded.get(url) ?? loaded.set(url, load(url)).get(url)));
    if (picture) {
      parent.postMessage({ id, svg: soundPicture(source) }, "*");
      return;
    }
    mermaid.initialize({
      startOnLoad: false,
      securityLevel: "strict",
      suppressErrorRendering: true,
      htmlLabels: false,
      flowchart: { htmlLabels: false },
      class: { htmlLabels: false },
      theme: dark ? "dark" : "neutral",
      fontFamily: "ui-sans-serif, system-ui, sans-serif",
      maxTextSize: 20000,
      maxEdges: 300,
      // What a diagram's own directives may not change.
      secure: ["secure", "securityLevel", "startOnLoad", "maxTextSize", "maxEdges", "suppressErrorRendering", "htmlLabels", "flowchart", "class", "themeCSS", "themeVariables", "fontFamily", "altFontFamily", "theme"],
    });
    const { svg } = await mermaid.render(`d${id}`, source);
    parent.postMessage({ id, svg: sound(svg) }, "*");
  } catch (error) {
    parent.postMessage({ id, error: String(error?.message ?? error) }, "*");
  }
});
parent.postMessage({ ready: true }, "*");
