"""Embeds glosses of WordNet with all-MiniLM-L6-v2, in numpy alone.

Arguments: the model's zip, WordNet's folder, how many, the output's path without its ending."""

import io
import json
import struct
import sys
import zipfile

import numpy
from tokenizers import Tokenizer


def tensors(bytes_):
    """Reads a file of safetensors: the size of a JSON header, the header, and the numbers."""
    (size,) = struct.unpack_from("<Q", bytes_)
    header = json.loads(bytes_[8 : 8 + size])
    header.pop("__metadata__", None)
    return {
        name: numpy.frombuffer(bytes_, numpy.float32, (end - begin) // 4, 8 + size + begin).reshape(entry["shape"])
        for name, entry in header.items()
        if entry["dtype"] == "F32"
        for begin, end in [entry["data_offsets"]]
    }


def embed(weights, ids):
    """Embeds token ids of texts of one length."""

    def linear(x, name):
        return x @ weights[name + ".weight"].T + weights[name + ".bias"]

    def norm(x, name):
        x = x - x.mean(-1, keepdims=True)
        x /= numpy.sqrt((x * x).mean(-1, keepdims=True) + 1e-12)
        return x * weights[name + ".weight"] + weights[name + ".bias"]

    count, length = ids.shape
    x = weights["embeddings.word_embeddings.weight"][ids]
    x = x + weights["embeddings.position_embeddings.weight"][:length]
    x = norm(x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(6):
        at = f"encoder.layer.{layer}."

        def heads(name):
            return linear(x, at + "attention.self." + name).reshape(count, length, 12, 32).transpose(0, 2, 1, 3)

        scores = heads("query") @ heads("key").transpose(0, 1, 3, 2) / numpy.float32(32**0.5)
        scores = numpy.exp(scores - scores.max(-1, keepdims=True))
        scores /= scores.sum(-1, keepdims=True)
        y = (scores @ heads("value")).transpose(0, 2, 1, 3).reshape(count, length, 384)
        x = norm(x + linear(y, at + "attention.output.dense"), at + "attention.output.LayerNorm")
        y = linear(x, at + "intermediate.dense")
        # GELU; the tanh form differs from the exact one by less than 0.001.
        y = 0.5 * y * (1 + numpy.tanh(0.7978845608 * (y + 0.044715 * y * y * y)))
        x = norm(x + linear(y, at + "output.dense"), at + "output.LayerNorm")
    x = x.mean(1)
    return x / numpy.linalg.norm(x, axis=-1, keepdims=True)


def glosses(folder):
    for part in ("noun", "verb", "adj", "adv"):
        with open(f"{folder}/data.{part}", encoding="utf-8") as file:
            for line in file:
                if line.startswith("  "):
                    continue
                head, gloss = line.split(" | ", 1)
                fields = head.split(" ")
                yield {"id": f"{part}-{fields[0]}", "part": part, "field": int(fields[1]), "text": gloss.strip()}


def main():
    model, folder, count, out = sys.argv[1:]
    with zipfile.ZipFile(model) as archive:
        weights = tensors(archive.read("model.safetensors"))
        tokenizer = Tokenizer.from_str(archive.read("tokenizer.json").decode())
    tokenizer.no_padding()
    tokenizer.enable_truncation(64)
    every = list(glosses(folder))
    step = len(every) / int(count)
    chosen = [every[int(index * step)] for index in range(int(count))]
    tokens = [encoding.ids for encoding in tokenizer.encode_batch([entry["text"] for entry in chosen])]
    vectors = numpy.zeros((len(chosen), 384), numpy.float32)
    by_length = {}
    for index, ids in enumerate(tokens):
        by_length.setdefault(len(ids), []).append(index)
    for indexes in by_length.values():
        for at in range(0, len(indexes), 64):
            part = indexes[at : at + 64]
            vectors[part] = embed(weights, numpy.array([tokens[index] for index in part]))
    vectors.tofile(out + ".f32")
    with open(out + ".ndjson", "w", encoding="utf-8") as file:
        for entry in chosen:
            file.write(json.dumps(entry) + "\n")


main()
