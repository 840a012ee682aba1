#!/usr/bin/env python3
"""A chat worker for the AIME API protocol that writes its answers itself.

At start it learns from the documentation of this repository (or from --text
files) which words follow each three words; then it answers chats and continues
texts, and reports every token that it makes.  It knows nothing and says so at
length; but what it does with prompts, sampling, stop texts and counts is what
a worker with a language model does.

    examples/chat_worker.py --server http://localhost:8080

Python's standard library only, 3.9 or newer.
"""

import glob
import os
import random
import re
import sys

import aime_worker

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TEXTS = ("examples/corpus.txt", "README.md", "CHANGELOG.md", "docs/*.md",
         "bench/*.md")

ORDER = 4                           # a token and the three before it


# --------------------------------------------------------------------- text

# A word or a mark with the space before it: tokens in a row are the text
TOKEN = re.compile(r" ?\w+(?:['’.-]\w+)*| ?[^\w\s]|\s")
CODE = re.compile(r"^```.*?^```$|^(?: {4}|[|#<]).*?$", re.M | re.S)
SENTENCE_END = (".", "!", "?")


def paragraphs(text):
    """The prose of a text or a Markdown file, each paragraph in one line."""
    for block in re.split(r"\n\s*\n|\n(?=- )", CODE.sub("", text)):
        prose = " ".join(block.split())
        prose = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", prose)
        if prose:
            yield re.sub(r"`|\*\*", "", prose).lstrip("-*> ")


def tokens_of(text):
    """With a space in front, so that a word is the same token everywhere."""
    text = text.strip()
    return TOKEN.findall(" " + text) if text else []


def key(tokens):
    return tuple(token.strip().lower() for token in tokens)


class Language:
    """What follows what: counts for each context of up to ORDER - 1 tokens."""

    END = ""                        # of a paragraph, and before its start
    ENOUGH, SHORT = 10, 4           # occurrences; letters, and the space

    def __init__(self, texts):
        self.follow = {}
        for text in texts:
            for paragraph in paragraphs(text):
                self._learn(tokens_of(paragraph))
        if len(self.follow) < 2:
            raise ValueError("too little text to learn from")

    def _learn(self, tokens):
        tokens = [self.END, *tokens, self.END]
        keys = key(tokens)
        for at in range(1, len(tokens)):
            for length in range(min(ORDER, at + 1)):
                counts = self.follow.setdefault(keys[at - length:at], {})
                counts[tokens[at]] = counts.get(tokens[at], 0) + 1

    def candidates(self, history):
        """What may come next, each token with its probability.

        Long contexts are trusted as far as they were seen often, with few
        followers (Witten and Bell); the rest is left to shorter ones, and
        plain frequency counts only where no context is known.
        """
        found, rest = {}, 1.0
        last = key(history[1 - ORDER:])
        for length in range(len(last), -1, -1):
            counts = self.follow.get(last[len(last) - length:])
            if not counts or (length == 0 and found):
                continue
            total = sum(counts.values())
            share = rest * total / (total + len(counts))
            rest -= share
            for token, count in counts.items():
                found[token] = found.get(token, 0.0) + share * count / total
        return found

    def knows(self, token):
        return key([token]) in self.follow

    def start(self, prompt):
        """What an answer goes on from, and the tokens that it begins with.

        A text that breaks off is continued.  A whole sentence is answered with
        one about its least common word that was seen often enough.
        """
        if prompt and prompt[-1] not in SENTENCE_END and self.knows(prompt[-1]):
            return prompt, []
        words = [token for token in prompt
                 if token.strip().isalpha() and len(token) > self.SHORT
                 and self._frequency(token)[0] >= self.ENOUGH]
        if not words:
            return [self.END], []
        word = min(words, key=self._frequency).strip()
        return [self.END], [word[0].upper() + word[1:]]

    def _frequency(self, token):
        return (sum(self.follow.get(key([token]), {}).values()), token)


# ----------------------------------------------------------------- sampling

class Sampler:
    """Draws tokens with a job's settings; the same seed draws the same."""

    def __init__(self, job):
        seed = job.get("seed", -1)
        self.source = random.Random(seed if seed >= 0 else None)
        self.temperature = job.get("temperature", 0.8)
        self.top_k = job.get("top_k", 40)
        self.top_p = job.get("top_p", 0.9)

    def choose(self, candidates):
        """The order must not depend on that of the texts: a seed says all."""
        ranked = sorted(candidates.items(),
                        key=lambda item: (-item[1], item[0]))
        ranked = ranked[:max(self.top_k, 1)]
        if self.temperature <= 0:
            return ranked[0][0]
        best = ranked[0][1]
        weights = [(chance / best) ** (1.0 / self.temperature)
                   for _, chance in ranked]
        limit = self.top_p * sum(weights)
        kept, mass = 0, 0.0
        while kept < len(weights) and (kept == 0 or mass < limit):
            mass += weights[kept]
            kept += 1
        return self.source.choices([token for token, _ in ranked[:kept]],
                                   weights[:kept])[0]


class Stops:
    """Texts that an answer ends before.

    What may be the start of one is not shown until it turns out not to be.
    """

    def __init__(self, stops):
        if isinstance(stops, str):
            stops = [stops]
        self.stops = [stop for stop in stops or [] if stop]

    def cut(self, text):
        """The text up to the first stop, or None where there is none."""
        places = [text.find(stop) for stop in self.stops if stop in text]
        return text[:min(places)] if places else None

    def shown(self, text):
        held = 0
        for stop in self.stops:
            for length in range(min(len(stop), len(text)), held, -1):
                if text.endswith(stop[:length]):
                    held = length
                    break
        return text[:len(text) - held]


# --------------------------------------------------------------------- chat

def text_of(content):
    """A message's text; of parts, those that are text."""
    if isinstance(content, list):
        return "\n".join(part.get("text", "") for part in content)
    return content or ""


def texts_of(job):
    """The texts of a conversation, or the one that is to be continued."""
    texts = [text_of(message.get("content"))
             for message in job.get("chat_context") or []]
    if job.get("prompt_input"):
        texts.append(job["prompt_input"])
    return texts


class Chat(aime_worker.Model):

    title = f"Words of order {ORDER}"
    family, model_type = "N-gram", "chat"
    interval = 0.0                  # every token is reported
    PARAGRAPHS = 3

    def __init__(self, options):
        self.pause = 1.0 / options.pace if options.pace > 0 else 0.0
        self.language = Language(self._texts(options.text))

    @staticmethod
    def _texts(patterns):
        for pattern in patterns or [os.path.join(ROOT, p) for p in TEXTS]:
            for path in sorted(glob.glob(pattern)) or [pattern]:
                with open(path, encoding="utf-8") as file:
                    yield file.read()

    def run(self, job, report):
        messages = [tokens_of(text) for text in texts_of(job)]
        limit = job.get("max_gen_tokens", 500)
        stops = Stops(job.get("stop"))
        outputs = {"prompt_length": sum(map(len, messages))}
        text, made, reason = "", 0, "stop"

        for token in self._write(messages[-1] if messages else [],
                                 Sampler(job)):
            if made == limit:
                reason = "length"
                break
            made += 1
            text += token
            cut = stops.cut(text)
            if cut is not None:
                text = cut
                break
            report(100.0 * made / limit, lambda: dict(
                outputs, text=stops.shown(text), num_generated_tokens=made))
            report.sleep(self.pause)

        return dict(outputs, text=text, num_generated_tokens=made,
                    finish_reason=reason)

    def _write(self, prompt, sampler):
        """Yields the tokens of an answer, of a few paragraphs."""
        history, opening = self.language.start(prompt)
        for paragraph in range(self.PARAGRAPHS):
            if paragraph:
                yield "\n\n"
                history, opening = [Language.END], []
            yield from opening
            history = [*history, *opening]
            while True:
                token = sampler.choose(self.language.candidates(history))
                if token == Language.END:
                    break
                # no space where a paragraph starts
                yield token.lstrip() if history == [Language.END] else token
                history.append(token)


def main():
    parser = aime_worker.option_parser(
        "Example chat worker of the AIME API protocol.", "chat", batch=16)
    parser.add_argument("--text", metavar="FILE", action="append",
                        help="what to learn from instead of this "
                        "repository's documentation; may be repeated")
    parser.add_argument("--pace", type=float, default=40.0, metavar="N",
                        help="tokens per second of a job, 0 for as fast as "
                        "it goes")
    return aime_worker.serve(Chat, aime_worker.parse_options(parser))


if __name__ == "__main__":
    sys.exit(main())
