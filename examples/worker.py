#!/usr/bin/env python3
"""Example GPU workers for the AIME API protocol, without the GPU.

They compute on the CPU, with nothing but Python's standard library (3.9 or
newer).  Four job types:

  mandelbrot   renders a region of the Mandelbrot set to a PNG, with previews
  markov_text  continues a text with a Markov chain, streaming it word by word
  picture      tells the size of the picture that it got
  scalars      sends back the inputs that it got, to see what a worker sees

    examples/worker.py --server http://localhost:8080 --job-type mandelbrot

A job type of your own is a class like the ones below, named in JOB_TYPES; what
they share is in aime_worker.py.
"""

import base64
import json
import math
import os
import random
import re
import struct
import sys
import zlib

import aime_worker

CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      "corpus.txt")


# --------------------------------------------------------------- mandelbrot

def png(width, height, rows):
    """An RGB PNG file; rows are bytes of 3 * width each."""
    def chunk(kind, data):
        check = zlib.crc32(kind + data)
        return (struct.pack(">I", len(data)) + kind + data
                + struct.pack(">I", check))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = b"".join(b"\0" + row for row in rows)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
            + chunk(b"IDAT", zlib.compress(pixels, 6)) + chunk(b"IEND", b""))


def data_uri(image):
    return "data:image/png;base64," + base64.b64encode(image).decode()


class Mandelbrot(aime_worker.Model):
    """Renders line by line, a coarse grid of lines first.

    Whatever is cancelled or watched half-way already has a whole picture at a
    lower resolution, which is what the previews show.
    """

    title = "Mandelbrot set on the CPU"
    family, model_type = "Fractal", "image"

    PREVIEW_WIDTH = 160
    COLORS = 256
    # the last color of a palette meets the first, for counts go round it
    STOPS = {
        "fire": ((0, 0, 0), (128, 8, 0), (240, 96, 0), (255, 232, 96),
                 (255, 255, 255), (0, 0, 0)),
        "ocean": ((0, 4, 32), (0, 64, 128), (16, 160, 200), (208, 248, 255),
                  (0, 4, 32)),
        "forest": ((8, 16, 4), (24, 88, 32), (136, 176, 40), (248, 240, 176),
                   (8, 16, 4)),
        "gray": ((0, 0, 0), (255, 255, 255), (0, 0, 0)),
    }

    def __init__(self, _options):
        self.palettes = {name: self._palette(stops)
                         for name, stops in self.STOPS.items()}

    def run(self, job, report):
        width, height = job.get("width", 640), job.get("height", 480)
        limit = job.get("max_iterations", 200)
        center = complex(job.get("center_x", -0.5), job.get("center_y", 0.0))
        scale = 4.0 / job.get("zoom", 1.0) / width
        palette = self.palettes[job.get("palette", "fire")]
        # the id of a job whose client waits is known to nobody: no watchers
        watched = not job.get("wait_for_result")

        rows = [None] * height
        points = 0
        left = center.real - scale * (width - 1) / 2
        for done, y in enumerate(self._coarse_first(height), 1):
            imag = center.imag + scale * ((height - 1) / 2 - y)
            rows[y], inner = self._row(left, imag, scale, width, limit,
                                       palette)
            points += inner
            report(100.0 * done / height,
                   lambda: self._preview(rows, width) if watched else None)

        result = {name: job[name] for name in ("center_x", "center_y", "zoom",
                                               "palette") if name in job}
        result.update(
            images=[data_uri(png(width, height, rows))], width=width,
            height=height, max_iterations=limit,
            inside_percent=round(100.0 * points / (width * height), 2))
        return result

    @staticmethod
    def _coarse_first(height):
        """Every eighth line, then the ones between, and so on."""
        yield from range(0, height, 8)
        for step in (4, 2, 1):
            yield from range(step, height, 2 * step)

    def _preview(self, rows, width):
        """A small PNG; a line that is missing shows the one above it."""
        step = -(-width // self.PREVIEW_WIDTH)
        lines = []
        for y in range(0, len(rows), step):
            while rows[y] is None:
                y -= 1
            pixels = bytearray()
            for x in range(0, width, step):
                pixels += rows[y][3 * x:3 * x + 3]
            lines.append(bytes(pixels))
        image = png(-(-width // step), len(lines), lines)
        return {"progress_images": [data_uri(image)]}

    @classmethod
    def _row(cls, left, imag, scale, width, limit, palette):
        """The pixels of one line, and how many of them are in the set."""
        pixels = []
        inner = 0
        for x in range(width):
            real = left + scale * x
            if cls._in_bulbs(real, imag):
                count, z = limit, 0j
            else:
                count, z = cls._escape(complex(real, imag), limit)
            if count >= limit:
                inner += 1
                pixels.append(b"\0\0\0")
            else:
                # fractional count: bands would show the integers
                smooth = count + 1 - math.log2(math.log2(abs(z)))
                shade = int(24 * math.sqrt(max(smooth, 0.0)))
                pixels.append(palette[shade % cls.COLORS])
        return b"".join(pixels), inner

    @staticmethod
    def _in_bulbs(real, imag):
        """The two largest parts of the set have formulas: no iterating."""
        square = imag * imag
        q = (real - 0.25) ** 2 + square
        return (q * (q + real - 0.25) <= 0.25 * square
                or (real + 1.0) ** 2 + square <= 0.0625)

    @staticmethod
    def _escape(c, limit):
        z = 0j
        for count in range(limit):
            z = z * z + c
            # a wide radius keeps the logarithms of the smooth count exact
            if z.real * z.real + z.imag * z.imag > 256.0:
                return count, z
        return limit, z

    @classmethod
    def _palette(cls, stops):
        colors = []
        for i in range(cls.COLORS):
            position = i * (len(stops) - 1) / cls.COLORS
            low = int(position)
            part = position - low
            colors.append(bytes(
                round(a + (b - a) * part)
                for a, b in zip(stops[low], stops[low + 1])))
        return colors


# -------------------------------------------------------------- markov_text

class MarkovText(aime_worker.Model):
    """Continues a text with the words that followed its last ones before.

    The chain knows what came after each two words of its text and, where it
    never saw those two, after the last one alone.
    """

    title = "Markov chain of order 2"
    family, model_type = "Markov", "text"

    TOKEN = re.compile(r"\w+(?:['’-]\w+)*|[.,;:!?]")
    CLOSING = ".,;:!?"
    SENTENCE_END = ".!?"

    def __init__(self, options):
        with open(options.text, encoding="utf-8") as file:
            tokens = self.TOKEN.findall(file.read())
        if len(tokens) < 3:
            raise ValueError(f"{options.text}: too little text to learn from")
        self.pause = 1.0 / options.pace if options.pace > 0 else 0.0
        self.follow = {}
        previous, last = "", "."
        for token in tokens:
            self._count((last.lower(),), token)
            self._count((previous.lower(), last.lower()), token)
            previous, last = last, token

    def _count(self, state, token):
        counts = self.follow.setdefault(state, {})
        counts[token] = counts.get(token, 0) + 1

    def run(self, job, report):
        prompt = self._prompt(job)
        history = self.TOKEN.findall(prompt)
        choose = self._chooser(job)
        text, made = "", 0
        for made in range(1, job.get("max_gen_tokens", 200) + 1):
            token = choose(history)
            if not text or token in self.CLOSING:
                text += token
            else:
                text += " " + token
            history.append(token)
            report(100.0 * made / job.get("max_gen_tokens", 200),
                   lambda: {"text": text, "num_generated_tokens": made})
            report.sleep(self.pause)
            if token in self.SENTENCE_END and self._is_enough(job, made):
                break
        return {"text": text, "num_generated_tokens": made,
                "prompt_length": len(history) - made}

    @staticmethod
    def _is_enough(job, made):
        """Ends on a sentence when the next may not fit any more."""
        return made >= job.get("max_gen_tokens", 200) - 20

    @staticmethod
    def _prompt(job):
        """The prompt, or the last message that a chat context ends with."""
        if job.get("prompt_input"):
            return job["prompt_input"]
        context = job.get("chat_context") or []
        content = context[-1].get("content", "") if context else ""
        if isinstance(content, list):
            content = " ".join(item.get("text", "") for item in content)
        return content

    def _chooser(self, job):
        """A function that draws the next token, with the job's settings."""
        seed = job.get("seed", -1)
        source = random.Random(seed if seed >= 0 else None)
        temperature = job.get("temperature", 0.8)
        top_k, top_p = job.get("top_k", 40), job.get("top_p", 0.9)

        def choose(history):
            counts = sorted(self._candidates(history).items(),
                            key=lambda item: (-item[1], item[0]))[:top_k]
            if temperature <= 0:
                return counts[0][0]
            weights = [n ** (1.0 / temperature) for _, n in counts]
            limit = top_p * sum(weights)
            kept, mass = 0, 0.0
            while kept < len(weights) and (kept == 0 or mass < limit):
                mass += weights[kept]
                kept += 1
            tokens = [token for token, _ in counts[:kept]]
            return source.choices(tokens, weights[:kept])[0]

        return choose

    def _candidates(self, history):
        words = [word.lower() for word in history[-2:]]
        return (self.follow.get(tuple(words))
                or self.follow.get(tuple(words[-1:]))
                or self.follow[(".",)])


# ------------------------------------------------------------------ picture

class Picture(aime_worker.Model):
    """Tells the size of a picture.

    Whatever format and size the client sent: the server has made it the PNG
    that the endpoint file asks for.
    """

    title = "Size of a picture"
    family, model_type = "Header", "image"

    def run(self, job, _report):
        image = base64.b64decode(job["image"].partition(",")[2], validate=True)
        if image[:8] != b"\x89PNG\r\n\x1a\n":
            raise ValueError("the image is no PNG")
        width = int.from_bytes(image[16:20], "big")
        height = int.from_bytes(image[20:24], "big")
        return {"text": f"{width} x {height} pixels, {len(image)} bytes",
                "width": width, "height": height}


# ------------------------------------------------------------------ scalars

class Scalars(aime_worker.Model):
    """Answers with its inputs and their types, as they reached the worker."""

    title = "Echo of all inputs"
    family, model_type = "Echo", "echo"

    HIDDEN = ("job_id", "start_time", "start_time_compute", "wait_for_result")
    STEPS = 10

    def run(self, job, report):
        for step in range(1, self.STEPS + 1):
            report.sleep(job.get("duration", 0.5) / self.STEPS)
            report(100.0 * step / self.STEPS,
                   lambda: {"status": f"step {step} of {self.STEPS}"})
        received = {name: value for name, value in job.items()
                    if name not in self.HIDDEN}
        text = "\n".join(f"{name} = {json.dumps(value)} "
                         f"({type(value).__name__})"
                         for name, value in received.items())
        return {"text": text, "received": received}


JOB_TYPES = {"mandelbrot": Mandelbrot, "markov_text": MarkovText,
             "picture": Picture, "scalars": Scalars}


# --------------------------------------------------------------------- main

def main():
    parser = aime_worker.option_parser(
        "Example worker of the AIME API protocol.", "mandelbrot",
        sorted(JOB_TYPES))
    parser.add_argument("--text", metavar="FILE", default=CORPUS,
                        help="what markov_text learns from")
    parser.add_argument("--pace", type=float, default=40.0, metavar="N",
                        help="tokens per second of markov_text, 0 for as "
                        "fast as it goes")
    options = aime_worker.parse_options(parser)
    return aime_worker.serve(JOB_TYPES[options.job_type], options)


if __name__ == "__main__":
    sys.exit(main())
