"""The words of a README: how its sections are called, and what a template left behind."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from grader.codebase.markdown import CodeBlock, Heading, Link, Markdown, Text

# What headings are called, each a word or words that stand in it, in lower case; a `*` at
# the end for any ending. In the languages that the courses' groups write in.
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "about": (
        *("overview", "about", "description", "introduction", "purpose", "objective*"),
        *("background", "motivation", "summary", "goal*", "problem*", "context"),
        *("business case", "what is", "features", "abstract", "the project"),
        *("descripción", "introducción", "resumen", "objetivo*", "visión geral"),
        *("descrição", "introdução", "resumo", "sobre", "visão geral", "proyecto"),
    ),
    "install": (
        *("install*", "setup", "set up", "setting up", "requirement*", "environment"),
        *("prerequisite*", "getting started", "dependenc*"),
        *("instalación", "instalação", "instalar", "requisitos", "entorno", "ambiente"),
        *("configuração", "primeros pasos", "preparation", "reproduc*"),
    ),
    "run": (
        *("run*", "usage", "how to use", "execut*", "quickstart", "quick start"),
        *("train*", "reproduc*", "launch*"),
        *("uso", "ejecución", "ejecutar", "execução", "executar", "como usar", "start"),
    ),
    "test": ("test*", "pytest", "unit test*", "prueba*", "teste*", "verif*"),
    "structure": (
        *("structure", "layout", "organi*", "architecture", "tree", "contents"),
        *("directory", "directories", "folder*", "files", "repository", "repo"),
        *("estructura", "estrutura", "arquitectura", "arquitetura", "organização"),
        *("modules", "components"),
    ),
    "data": (
        *("data", "dataset*", "data set*", "inputs", "datos", "dados"),
        *("data dictionary", "schema", "input features", "engineered features"),
        *("features used", "features extracted", "extracted features"),
        *("feature description*", "features description", "feature dictionary"),
    ),
    "results": (
        *("result*", "performance", "metric*", "evaluation", "model card", "report*"),
        *("findings", "score*", "accuracy", "benchmark*", "resultado*", "métrica*"),
        *("experiment*", "comparison", "model selection", "leaderboard"),
        *("model analysis", "error analysis", "bias analysis"),
        *("conclusion*", "desempenho", "evaluación", "avaliação"),
    ),
    "tracking": (
        *("mlflow", "w&b", "wandb", "weights & biases", "weights and biases"),
        *("experiment*", "tracking", "neptune", "comet", "tensorboard", "dagshub"),
    ),
    "docker": ("docker*", "container*", "contenedor*", "contêiner*"),
    "api": (
        *("api", "fastapi", "flask", "endpoint*", "serving", "serve"),
        *("rest api", "inference service", "swagger", "web service"),
    ),
}


def names(heading: str, words: tuple[str, ...]) -> bool:
    """Whether a heading has one of the words, whole, in it."""
    text = " ".join(re.findall(r"[\w&]+", heading.lower().replace("_", " ")))
    padded = f" {text} "
    return any(
        f" {word[:-1]}" in padded if word.endswith("*") else f" {word} " in padded
        for word in words
    )


@dataclass(frozen=True)
class Placeholder:
    """Something that a template left for its user to fill in, and its line."""

    text: str
    line: int


_MARKS = re.compile(
    r"(?<![\w#/-])(TODO|TBD|FIXME|TBC)(?![\w/-])|\blorem ipsum\b", re.IGNORECASE
)
_IN_CAPITALS = re.compile(r"TODO|TBD|FIXME|TBC")
_WHOSE = (
    r"(your|my|insert|add|enter|project|maintainer|author|group|team|company|repo"
    r"|repository|user|git\w*|contact|email|name|link|url|description|title|date|course)"
)
_BRACKETS = re.compile(
    rf"(?<![\w/])\[{_WHOSE}([ _-][^\[\]\n]{{0,60}})?\](?!\()", re.IGNORECASE
)
# `--config <file>` is how commands are written; `<your name>` is left to be filled in.
_TAG = re.compile(rf"<{_WHOSE}[\w -]{{0,60}}>", re.IGNORECASE)
_USER = re.compile(
    r"(<[\w -]{2,40}>|\byour[-_ ]?(user\w*|name|org\w*|repo\w*|github\w*|account)\b"
    r"|github\.com/(username|user|owner|org)/)",
    re.IGNORECASE,
)
# Sentences of the templates that groups begin with.
SENTENCES = (
    "a short description of the project",
    "one paragraph of project description",
    "add a short description",
    "short description of your project",
    "describe your project",
    "project description goes here",
    "replace this text",
    "write your description here",
    "fill in this section",
    "goes here",
    "to be completed",
    "to be written",
    "coming soon",
    "work in progress",
)


def placeholders(readme: Markdown, sentences: tuple[str, ...]) -> Iterator[Placeholder]:
    """What is left over of a template, in text, links and clone addresses; not in other code."""
    wanted = tuple(sentence.lower() for sentence in sentences)
    for block in readme.blocks:
        if isinstance(block, Text | Heading):
            found = _in_text(block, wanted)
            if found:
                yield Placeholder(found, block.line)
        elif isinstance(block, Link) and (user := _USER.search(block.target)):
            yield Placeholder(user[0], block.line)
        elif isinstance(block, CodeBlock):
            for number, line in enumerate(block.text.splitlines()):
                # `<your key>` in a command is for its reader; an address to clone is not.
                if "git clone" in line and (user := _USER.search(line)):
                    yield Placeholder(user[0], block.line + number)


def _in_text(block: Text | Heading, sentences: tuple[str, ...]) -> str:
    if mark := _MARKS.search(block.text):
        # "todo" is a word in Spanish and Portuguese.
        if _IN_CAPITALS.search(mark[0]) or "ipsum" in mark[0].lower():
            return mark[0]
    if bracket := _BRACKETS.search(block.text):
        return bracket[0]
    for tag in block.tags if isinstance(block, Text) else ():
        if _TAG.fullmatch(tag):
            return tag
    flat = " ".join(block.text.lower().split())
    return next((sentence for sentence in sentences if sentence in flat), "")
