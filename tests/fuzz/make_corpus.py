#!/usr/bin/env python3
"""Writes the hand-made inputs of the fuzz targets into corpus/ again. Files named found_* came from a fuzzer, and
stay as they are. So do the models of fasttext_bin, which fastText wrote (../data/fasttext), those of table_open that
hold Windrow's own format, which `windrow create` and `windrow convert` wrote, ok_npy and ok_foreign, which numpy wrote,
and bad_ ones that are these with some bytes changed. Those of undo_journal are journals that a killed
crash_trainer (../crash) left, cut behind their last chunk, and such with some bytes changed. Those of delta are what
`windrow delta` made of tables of 6 rows, and of tables of 3 words (tokens)."""

import json
import pathlib
import struct

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"


def write(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def safetensors(text, data=b"", length=None):
    raw = text if isinstance(text, bytes) else text.encode()
    return struct.pack("<Q", len(raw) if length is None else length) + raw + data


def tensor(dtype, shape, begin, end, **more):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end], **more}


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def make_safetensors():
    put = lambda name, *args, **more: write("safetensors", name, safetensors(*args, **more))
    f32 = bytes(range(24))
    put("ok_empty", "{}")
    put("ok_metadata", compact({"__metadata__": {"format": "pt", "a\"\\\n": "\u00e9\U0001f600"}}))
    put("ok_metadata_null", '{"__metadata__":null}')
    put("ok_f32", compact({"weight": tensor("F32", [2, 3], 0, 24)}) + "   ", f32)
    put("ok_whitespace", "\t\n\r {} \r\n\t")
    put("ok_unordered", compact({"b": tensor("I16", [2], 4, 8), "a": tensor("U8", [4], 0, 4), "e": tensor("I64", [0], 4, 4)}), bytes(8))
    put("ok_scalar", compact({"s": tensor("F64", [], 0, 8)}), bytes(8))
    put("ok_f4", compact({"s": tensor("F4", [1, 2], 0, 1)}), b"\x11")
    put("ok_unknown", compact({"a": tensor("NEW_7", [3], 0, 5, extra=[{"x": [1.5, -1, None, True]}])}), bytes(5))
    put("ok_escaped_names", '{"\\u0061\\n":{"dtype":"U\\u0038","shape":[1],"data_offsets":[0,1]},"__metadata__":{"\\ud83d\\ude00":"x"}}', b"\0")
    page = compact({"__metadata__": {"format": "pt"}, "_meta": tensor("U8", [16], 0, 16), "_pad.0": tensor("U8", [48], 16, 64), "weight": tensor("F16", [2, 4], 64, 80)})
    put("ok_pages", page + " " * (504 - len(page)), bytes(80))

    write("safetensors", "bad_7_bytes", bytes(7))
    for name, length in {"0": 0, "1": 1, "3": 3, "2_63": 1 << 63, "2_64_1": (1 << 64) - 1, "100m": 100_000_001}.items():
        put(f"bad_length_{name}", "{}", length=length)
    put("bad_nul_padding", b"{}\0\0")
    put("bad_bom", b"\xef\xbb\xbf{}")
    put("bad_utf8", b'{"__metadata__":{"a":"\xff"}}')
    put("bad_array", "[{}]")
    put("bad_deep", '{"a":{"x":' + "[" * 40 + "]" * 40 + "}}")
    put("bad_twice", '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u0061":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}', bytes(2))
    put("bad_metadata_number", '{"__metadata__":{"a":1}}')
    put("bad_three_offsets", '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,1]}}', b"\0")
    put("bad_float_dimension", '{"a":{"dtype":"U8","shape":[1e2],"data_offsets":[0,100]}}', bytes(100))
    put("bad_big_integer", '{"a":{"dtype":"U8","shape":[18446744073709551616],"data_offsets":[0,0]}}')
    put("bad_minus_zero", '{"a":{"dtype":"U8","shape":[-0],"data_offsets":[0,0]}}')
    put("bad_wrap", compact({"a": tensor("I32", [2, (1 << 64) - 2], 0, 16)}), bytes(16))
    put("bad_half_byte", compact({"a": tensor("F4", [3], 0, 2)}), bytes(2))
    put("bad_missing", '{"a":{"dtype":"U8","shape":[1]}}', b"\0")
    put("bad_hole", compact({"a": tensor("U8", [4], 0, 4), "b": tensor("U8", [4], 8, 12)}), bytes(12))
    put("bad_overlap", compact({"a": tensor("U8", [8], 0, 8), "b": tensor("U8", [8], 0, 8)}), bytes(8))
    put("bad_trailing", compact({"a": tensor("U8", [4], 0, 4)}), bytes(5))
    put("bad_truncated", compact({"a": tensor("U8", [4], 0, 4)}), bytes(3))
    put("bad_far", '{"a":{"dtype":"NEW","shape":[],"data_offsets":[0,18446744073709551615]}}', bytes(3))


def make_shard_index():
    put = lambda name, text: write("shard_index", name, text if isinstance(text, bytes) else text.encode())
    one = lambda file: '{"weight_map":{"a":"' + file + '"}}'
    put("ok_two", compact({"metadata": {"total_size": 12}, "weight_map": {"b": "2.safetensors", "a": "1.safetensors", "c": "2.safetensors"}}))
    put("ok_empty", '\n{ "weight_map" : { } }\n')
    put("ok_ignored", '{"x":[{"weight_map":[1]},null,-1.5e3,true],"y":{"weight_map":{"a":1}},"weight_map":{},"metadata":"weight_map"}')
    put("ok_escaped", '{"weight\\u005fmap":{"\\u00e9\\n":"\\ud83d\\ude00"}}')
    put("ok_deep", '{"x":' + "[" * 300 + "]" * 300 + ',"weight_map":{}}')
    for name, file in {"empty": "", "absolute": "/a", "folder": "a/b", "parent": "..", "backslash": "a\\\\b", "nul": "a\\u0000", "escaped_slash": "\\u002fa", "self": "."}.items():
        put("bad_file_" + name, one(file))
    put("bad_object", '{"weight_map":{"a":{"file":"x"}}}')
    put("bad_number", '{"weight_map":{"a":1}}')
    put("bad_array", '{"weight_map":["a"]}')
    put("bad_no_map", '{"metadata":{}}')
    put("bad_two_maps", '{"weight_map":{},"weight_map":{}}')
    put("bad_twice", '{"weight_map":{"a":"x","\\u0061":"y"}}')
    put("bad_root", '["weight_map"]')
    put("bad_cut", '{"weight_map":{"a":"x')
    put("bad_trailing", '{"weight_map":{}}{}')
    put("bad_nul", b'{"weight_map":{}}\0{}')
    put("bad_bom", b'\xef\xbb\xbf{"weight_map":{}}')
    put("bad_utf8", b'{"weight_map":{"\xff":"a"}}')


def make_table_open():
    put = lambda name, text, data: write("table_open", name, safetensors(text, data))
    fp8, some = bytes(range(64)), bytes(range(0x70, 0xb0))
    scaled = lambda dtype, shape, size: compact({"x.weight": tensor("F8_E4M3", [8, 8], 0, 64), "x.weight_scale": tensor(dtype, shape, 64, 64 + size)})
    put("ok_scale_of_all", scaled("BF16", [], 2), fp8 + b"\x80\x3f")
    put("ok_scale_of_rows", scaled("F32", [8, 1], 32), fp8 + some[:32])
    put("ok_scale_of_blocks", scaled("U8", [8, 4], 32), fp8 + some[:32])
    put("ok_scale_of_squares", scaled("F8_E8M0", [2, 2], 4), fp8 + b"\0\xff\x7f\xfe")
    put("bad_scale_shape", scaled("U8", [8, 3], 24), fp8 + some[:24])
    put("bad_scale_type", scaled("F16", [8], 16), fp8 + some[:16])
    put("ok_scale_of_two_blocks", compact({"x": tensor("F8_E4M3", [8, 8], 0, 64), "x_scale": tensor("U8", [8, 4], 64, 96)}), fp8 + some[:32])
    put("bad_nvfp4", compact({"x": tensor("U8", [4, 16], 0, 64), "x_scale": tensor("F8_E4M3", [4, 2], 64, 72), "x_scale_2": tensor("F32", [], 72, 76)}), fp8 + some[:12])
    put("bad_fnuz", compact({"x": tensor("F8_E4M3FNUZ", [8, 8], 0, 64), "x_scale": tensor("F32", [8, 1], 64, 96)}), fp8 + some[:32])
    resaved = lambda dim, scale, row_format="fp8_e5m2": compact({"__metadata__": {"windrow.row_format": row_format, "windrow.dim": dim, "windrow.scale": scale}, "weight": tensor("U8", [4, 16], 0, 64)})
    put("ok_resaved", resaved("9", "ue8m0:3"), fp8)
    put("ok_resaved_int4", compact({"__metadata__": {"windrow.row_format": "int4", "windrow.dim": "7"}, "weight": tensor("U8", [4, 16], 0, 64)}), fp8)
    put("bad_resaved_dim", resaved("9223372036854775807", "f32:1"), fp8)
    put("bad_resaved_scale", resaved("9", "bf16:-9223372036854775808"), fp8)
    put("ok_i8", compact({"x": tensor("I8", [8, 8], 0, 64)}), fp8)
    put("ok_bytes", compact({"x": tensor("U8", [4, 16], 0, 64)}), fp8)
    put("ok_pieces", compact({"s1": tensor("F16", [2, 4], 0, 16), "s0": tensor("F16", [1, 4], 16, 24), "s2": tensor("F16", [0, 4], 24, 24)}), fp8[:24])
    put("bad_missing_piece", compact({"s1": tensor("F16", [2, 4], 0, 16), "s3": tensor("F16", [1, 4], 16, 24)}), fp8[:24])
    put("ok_bf16", compact({"x": tensor("BF16", [4, 3], 0, 24)}), some[:24])
    write("table_open", "bad_shard_index", b'{"weight_map":{"x":"no_such_file_of_windrow"}}')
    write("table_open", "ok_npy_bytes", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (4, 16), }", fp8))


def npy(text, data=b"", version=(1, 0), length=None):
    raw = text.encode()
    size = len(raw) if length is None else length
    return b"\x93NUMPY" + bytes(version) + struct.pack("<H" if version[0] == 1 else "<I", size) + raw + data


def make_npy():
    put = lambda name, *args, **more: write("npy", name, npy(*args, **more))
    text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }"
    put("ok_v1", text.ljust(117) + "\n", bytes(24))
    put("ok_v2", text + "\n", bytes(24), version=(2, 0))
    put("ok_v3", text + "\n", bytes(30), version=(3, 0))
    put("ok_python_2", "{'descr': '>i8', 'fortran_order': True, 'shape': (2L, 1L), }", bytes(16))
    put("ok_order", "{\"shape\": (), 'fortran_order':True,\"descr\":'|b1'}\n", b"\1")
    put("ok_one_dimension", "{'descr': '<V2', 'fortran_order': False, 'shape': (0,)}")
    put("bad_objects", text.replace("<f4", "|O"), bytes(24))
    put("bad_records", text.replace("'<f4'", "[('a', '<f4')]"), bytes(24))
    put("bad_native_order", text.replace("<f4", "=f4"), bytes(24))
    put("bad_twice", text.replace("'fortran_order': False", "'descr': '<f4'"), bytes(24))
    put("bad_extra_key", text.replace(", }", ", 'x': 1}"), bytes(24))
    put("bad_wrap", text.replace("2, 3", "4294967296, 4294967296"), bytes(24))
    put("bad_not_a_tuple", text.replace("(2, 3)", "(6)"), bytes(24))
    put("bad_truncated", text, bytes(23))
    put("bad_length", text, length=65535)
    put("bad_version", text, bytes(24), version=(2, 2))
    put("bad_cut", "", length=0)


def make_npy_reader():
    put = lambda name, descr, order, shape, data: write(
        "npy_reader", name, npy(f"{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}", data))
    put("ok_rows", ">f4", "False", "(2, 3)", struct.pack(">6f", *range(6)))
    put("ok_columns", "<f4", "True", "(2, 3)", struct.pack("<6f", *range(6)))
    put("ok_halves", ">f2", "True", "(3, 2)", struct.pack(">6e", *range(6)))
    put("ok_doubles", "<f8", "True", "(2, 2)", struct.pack("<4d", 1e300, 0.1, float("nan"), -0.0))
    put("ok_bytes", "|u1", "False", "(2, 2)", bytes((0, 1, 128, 255)))
    put("ok_truth", "|b1", "True", "(2, 2)", bytes((0, 1, 2, 0)))
    put("ok_shorts", ">i2", "False", "(2, 2)", struct.pack(">4h", -1, 2, -3, 4))
    put("ok_longs", "<u8", "True", "(2, 2)", struct.pack("<4Q", 1, 2, 1 << 60, (1 << 64) - 1))
    put("ok_no_rows", "<i4", "True", "(0, 3)", b"")
    put("ok_bytes_behind", "<i4", "False", "(1, 1)", bytes(9))
    put("bad_no_columns", "<i4", "True", "(3, 0)", b"")
    put("bad_three", "<i4", "True", "(1, 2, 3)", bytes(24))
    put("bad_bytes", "|V1", "False", "(2, 2)", bytes(4))
    put("bad_cut", "<i4", "True", "(2, 2)", bytes(15))


def slot(generation, tag=b"", version=1, flags=1, total=0):
    """Laid out as FORMAT.md says, "A slot"; `total` is the sum over the first 508 bytes."""
    raw = bytearray(512)
    raw[0:8] = b"WINDROW1"
    struct.pack_into("<II", raw, 8, version, flags)
    raw[16:32] = bytes(range(16))
    struct.pack_into("<QQQ", raw, 32, generation, 1, 7)
    struct.pack_into("<IB", raw, 72, 0x1234, 1)
    struct.pack_into("<QIxxxxQQI", raw, 80, 1000, 2, 42, 0, 65536)
    struct.pack_into("<H", raw, 116, len(tag))
    raw[120:120 + len(tag[:256])] = tag[:256]
    struct.pack_into("<II", raw, 384, 1, 64)
    struct.pack_into("<I", raw, 508, total)
    return bytes(raw)


def make_meta_slot():
    put = lambda name, data: write("meta_slot", name, data)
    put("ok_sum", slot(2, total=KNOWN_SUM))
    put("ok_two", slot(2, b"before") + slot(3, b"after"))
    put("ok_older_second", slot(4) + slot(3, flags=2))
    put("ok_only_second", bytes(512) + slot(1))
    put("bad_zeros", bytes(1024))
    put("bad_empty", b"")
    put("bad_number", slot(3) + slot(2))
    put("bad_tag", slot(2, b"x" * 300))
    put("bad_version", slot(2, version=2) + slot(1))


def make_word2vec_text():
    put = lambda name, data: write("word2vec_text", name, data)
    put("ok_two", b"2 3\nthe 0.5 -1 2e3\ncat 1 2 3\n")
    put("ok_crlf", b"2 2\r\na 1 2 \r\nb 3 4\r\n\r\n")
    put("ok_no_final_newline", b"1 2\n</s> 0.1 1e-46")
    put("ok_tokens", b"6 1\n 1\n  2\nNew York 3\n\xc2\xa0 4\n\xe3\x83 5\n\0\r 6\n")
    put("ok_specials", b"2 4\na nan -nan inf -inf\nb -0 +1 1e-45 3.4028235e38\n")
    put("ok_equal_tokens", b"2 1\na 1\na 2\n")
    put("ok_none", b"0 5\n")
    put("bad_too_many", b"3 2\na 1 2\nb 3 4\n          ")
    put("bad_too_few", b"1 1\na 1\nb 2\nc 3\n")
    put("bad_dim", b"2 2\na 1 2 3\nb 4 5 6\n")
    put("bad_count", b"9223372036854775807 9\na 1\n")
    put("bad_dim_huge", b"0 2147483648\n")
    put("bad_number", b"1 2\na 1 1,5\n")
    put("bad_overflow", b"1 1\na 1e50\n")
    put("bad_fields", b"1 3\na 1 2\n")
    put("bad_empty", b"")


def make_glove_text():
    put = lambda name, data: write("glove_text", name, data)
    put("ok_two", b"the 0.418 -1\nof 2 3\n<unk> 4 5\n")
    put("ok_spaces", b". . . 1 2\nat name@domain.com 3 4\na 5 6\nb 7 8\r\n")
    put("ok_tie", b"x y 1 2\na 5 6\n")
    put("ok_unk", b"2 2\na 1 2\nb 3 4\n<unk> 5 6\n")
    put("ok_pairs", b"a 1 2 10 20\nb 3 4 30 40\n")
    put("ok_pairs_biases", b"2 2\na 1 2 9 10 20 9\nb 3 4 9 30 40 9")
    put("ok_cut", b"a 1 2\nb 3")
    put("bad_few", b"a 1 2\nb 1\nc 1 2\n")
    put("bad_words", b"new york 1\nlos angeles 2\n")
    put("bad_none", b"a\n\nb\n")
    put("bad_empty", b"")


def make_word2vec_bin():
    put = lambda name, data: write("word2vec_bin", name, data)
    row = lambda token, *values, end=b"": token + b" " + struct.pack(f"<{len(values)}f", *values) + end
    put("ok_no_newlines", b"2 2\n" + row(b"a", 1, 2) + row(b"b", 3, 4))
    put("ok_newlines", b"2 2\n" + row(b"a", 1, 2, end=b"\n") + row(b"b", 3, 4, end=b"\n"))
    put("ok_mixed", b"0002 2\r\n" + row(b"</s>", 1, 2, end=b"\n\n") + row(b"", 3, 4))
    put("ok_newline_and_space_bytes", b"1 2\n" + b"a " + b"\n\n\n\n    ")
    put("ok_cut_utf8", b"1 1\n" + row(b"x" * 98 + b"\xc3", 1))
    put("ok_none", b"0 3\n")
    put("bad_space", b"2 2\n" + row(b"New York", 1, 2) + row(b"b", 3, 4))
    put("bad_control", b"2 2\n" + row(b"a", 1, 2) + row(b"\1", 3, 4))
    put("bad_too_many", b"2 1\n" + row(b"a_long_token", 1))
    put("bad_too_few", b"1 1\n" + row(b"a", 1) + row(b"b", 2))
    put("bad_count", b"9223372036854775807 1\n" + row(b"a", 1))
    put("bad_cut", b"1 2\n" + row(b"a_long_token", 1, 2)[:-1])
    put("bad_no_space", b"1 1\nabcdefgh")
    put("bad_empty", b"")


def make_glove_gradsq():
    put = lambda name, dim, text: write("glove_gradsq", name, bytes([dim - 1]) + text)
    put("ok_one", 1, b"the 1.5 2 3.25 4\nof 1 1 1 1\n")
    put("ok_spaces", 2, b". . . 1 2 3 4 5 6\n  1 2 3 4 5 6\nat 7 1 2 3 4 5 6\r\n")
    put("ok_no_end", 1, b"a +1 1e-300 2e10 1 ")
    put("ok_blank_end", 1, b"a 1 2 3 4\n\n")
    put("ok_bytes", 1, b"\xff\x00\xc2\xa0 1 2 3 4\n")
    put("ok_empty", 3, b"")
    put("bad_few", 2, b"the 1 2 3 4 5\n")
    put("bad_blank_line", 1, b"a 1 2 3 4\n\nb 1 2 3 4\n")
    put("bad_zero", 1, b"a 1 0 3 4\n")
    put("bad_negative", 1, b"a 1 -2 3 4\n")
    put("bad_nan", 1, b"a nan 2 3 4\n")
    put("bad_inf", 1, b"a 1 2 inf 4\n")
    put("bad_huge", 1, b"a 1 2 1e400 4\n")
    put("bad_long", 1, b"a" * 70000 + b" 1 2 3 4\n")


def gguf_string(text):
    return struct.pack("<Q", len(text)) + text


def gguf_value(key, kind, data):
    return gguf_string(key) + struct.pack("<I", kind) + data


def gguf_list(key, kind, items):
    return gguf_value(key, 9, struct.pack("<IQ", kind, len(items)) + b"".join(items))


def gguf(values, tensors, version=3, alignment=32, counts=None):
    """`tensors`: name, ggml type, extents from the row's length on, data."""
    infos, data = b"", b""
    for name, kind, extents, raw in tensors:
        data += bytes(-len(data) % alignment)
        infos += gguf_string(name) + struct.pack(f"<I{len(extents)}QIQ", len(extents), *extents, kind, len(data))
        data += raw
    head = b"GGUF" + struct.pack("<IQQ", version, *(counts or (len(tensors), len(values)))) + b"".join(values) + infos
    return head + bytes(-len(head) % alignment) + data


def make_gguf():
    architecture = gguf_value(b"general.architecture", 8, gguf_string(b"llama"))
    tokens = gguf_list(b"tokenizer.ggml.tokens", 8, [gguf_string(token) for token in (b"a", b"", b"\xe2\x96\x81the")])
    f32 = struct.pack("<6f", 1, 2, 3, 4, 5, 6)
    rows = (b"token_embd.weight", 0, (2, 3), f32)
    blocks = {8: 34, 2: 18, 3: 20, 6: 22, 7: 24, 12: 144, 13: 176, 14: 210}
    sample = lambda kind, n: bytes((37 * i + kind) % 256 for i in range(n * blocks[kind]))
    files = {
        "ok_f32": gguf([architecture, tokens], [rows]),
        "ok_version_2": gguf([tokens], [rows], version=2),
        "ok_alignment_64": gguf([gguf_value(b"general.alignment", 4, struct.pack("<I", 64))],
                                [(b"token_embd.weight", 1, (4, 3), f32), (b"b", 30, (6, 2), f32)], alignment=64),
        "ok_all_kinds": gguf([gguf_value(b"v%d" % kind, kind, bytes(n)) for kind, n in
                              ((0, 1), (1, 1), (2, 2), (3, 2), (4, 4), (5, 4), (6, 4), (7, 1), (10, 8), (11, 8), (12, 8))]
                             + [gguf_list(b"l", 6, [f32]), tokens], [rows]),
        "ok_more_tokens": gguf([tokens], [(b"token_embd.weight", 0, (3, 2), f32)]),
        "ok_fewer_tokens": gguf([tokens], [(b"token_embd.weight", 0, (1, 6), f32)]),
        "ok_none": gguf([tokens], []),
        "ok_several": gguf([], [(b"a", 0, (2, 3), f32), (b"b", 0, (6,), f32), (b"c", 99, (7, 3), b"x" * 32)]),
        "bad_version_1": gguf([tokens], [rows], version=1),
        "bad_big_endian": gguf([tokens], [rows], version=0x03000000),
        "bad_counts": gguf([tokens], [rows], counts=(1 << 60, 1)),
        "bad_values": gguf([tokens], [rows], counts=(1, (1 << 64) - 1)),
        "bad_string": gguf([gguf_string(b"k") + struct.pack("<IQ", 8, 1 << 40)], [rows]),
        "bad_nested": gguf([gguf_list(b"l", 9, [struct.pack("<IQ", 4, 0)])], [rows]),
        "bad_twice": gguf([tokens], [rows, rows]),
        "bad_zero": gguf([tokens], [(b"token_embd.weight", 0, (0, 3), f32)]),
        "bad_product": gguf([], [(b"t", 0, (1 << 62, 1 << 62), f32)]),
        "bad_cut": gguf([tokens], [rows])[:-1],
        "bad_long_token": gguf([gguf_list(b"tokenizer.ggml.tokens", 8, [gguf_string(b"x" * 65537)])], [rows]),
    }
    for kind, size in blocks.items():
        files[f"ok_type_{kind}"] = gguf([], [(b"token_embd.weight", kind, (512, 2), sample(kind, 1024 // (256 if size > 100 else 32)))])
    for name, data in files.items():
        write("gguf", name, data)
        write("gguf_reader", name, data)
    write("table_open", "ok_gguf", files["ok_f32"])
    write("table_open", "ok_gguf_f16", files["ok_alignment_64"])
    write("table_open", "bad_gguf_type", files["ok_type_12"])


def fifu(*chunks, listed=None, version=0):
    """A chunk: its number, its head, and what follows it behind padding (None: no padding)."""
    listed = [chunk[0] for chunk in chunks] if listed is None else listed
    data = b"FiFu" + struct.pack(f"<II{len(listed)}I", version, len(listed), *listed)
    for kind, head, *rest in chunks:
        body = head
        if rest:
            body += bytes(4 - (len(data) + 12 + len(head)) % 4) + rest[0]
        data += struct.pack("<IQ", kind, len(body)) + body
    return data


def make_finalfusion():
    put = lambda name, *chunks, **more: write("finalfusion", name, fifu(*chunks, **more))
    word = lambda text: struct.pack("<I", len(text)) + text
    floats = lambda *values: struct.pack(f"<{len(values)}f", *values)
    simple = (1, struct.pack("<Q", 2) + word(b"a") + word(b"New York"))
    array = lambda rows, dim: (2, struct.pack("<QII", rows, dim, 10), floats(*range(rows * dim)))
    norms = lambda n: (6, struct.pack("<QI", n, 10), floats(*range(1, n + 1)))
    centroids = floats(*range(12))
    pq = lambda projection, norms, data: (4, struct.pack("<5IQII", projection, norms, 2, 4, 3, 2, 1, 10), data)
    put("ok_simple", simple, array(2, 3))
    put("ok_metadata", (5, b"a = 1\n"), simple, array(2, 3))
    put("ok_norms", simple, array(2, 3), norms(2))
    put("ok_unlisted_norms", simple, array(2, 3), norms(2), listed=[1, 2])
    put("ok_fasttext", (7, struct.pack("<QIII", 1, 3, 6, 2) + word(b"a")), array(3, 2), norms(1))
    put("ok_buckets", (3, struct.pack("<QIII", 1, 3, 6, 1) + word(b"a")), array(3, 2))
    put("ok_explicit", (8, struct.pack("<QQII", 1, 1, 2, 2) + word(b"a") + word(b"<a") + struct.pack("<Q", 0)), array(2, 2))
    put("ok_floret", (9, struct.pack("<IIQII", 4, 5, 2, 2, 7) + word(b"<") + word(b">")), array(2, 2))
    put("ok_pq", simple, pq(0, 0, centroids + bytes((2, 1, 0, 0))))
    put("ok_pq_norms", simple, pq(0, 1, centroids + floats(2, 3) + bytes((2, 1, 0, 0))), norms(2))
    put("ok_pq_projection", simple, pq(1, 1, floats(*range(16)) + centroids + floats(2, 3) + bytes((2, 1, 0, 0))))
    put("bad_pq_code", simple, pq(0, 0, centroids + bytes((2, 1, 0, 3))))
    put("bad_version", simple, array(2, 3), version=1)
    put("bad_chunk", simple, (10, b""), array(2, 3))
    put("bad_list", simple, array(2, 3), listed=[2, 1])
    put("bad_rows", simple, array(1, 3))
    put("bad_words", (1, struct.pack("<Q", 1 << 63) + word(b"a")), array(2, 3))
    put("bad_word", (1, struct.pack("<QI", 1, 1 << 31) + b"a"), array(2, 3))
    put("bad_ngrams", (8, struct.pack("<QQII", 1, 1, 2, 2) + word(b"a") + b"\0" * 12), array(2, 2))
    write("finalfusion", "bad_cut", fifu(simple, array(2, 3))[:-1])


def make_delimited():
    put = lambda name, text: write("delimited", name, text.encode())
    put("ok_tokens", "a\t1\t2\nb\t3\t4\n")
    put("ok_names", "w,x,y\na,1,2\nb,3,4")
    put("ok_ids", "x,id,y\r\n1,7,2\r\n3,8,4\r\n")
    put("ok_quotes", '"a, ""b""","1", 2 \n"",3,4\n')
    put("ok_mark", "\ufeff\"word\",x\nthe,1\n10,2\n")
    put("ok_index", ",0,1\n5,1,2\n6,3,4\n\n")
    put("ok_number_below_token", "the\t1\t2\n10\t3\t4\n")
    put("bad_fields", "a,1,2\nb,1\nc,1,2,3\nd,x,1\n")
    put("bad_quote", 'a,1,2\n"b,1,2\n"c"d,1,2\n"')
    put("bad_columns", "a,b,1\nc,d,2\n")
    put("bad_text_behind_columns", "1,2\n3,4,b\n")


def make_floret():
    rows = "".join(f"{r} {r} {-r}.5 \n" for r in range(4))
    put = lambda name, text: write("floret", name, text.encode())
    put("ok", "4 2 3 6 2 2166136261 < >\n" + rows)
    put("bad_order", "4 2 3 6 2 2166136261 < >\n" + rows.replace("\n2 ", "\n3 "))
    put("bad_rows", "3 2 3 6 2 2166136261 < >\n" + rows)
    put("bad_header", "4 2 6 3 9 1 < >\n" + rows)
    put("bad_huge", "281474976710655 2 3 6 2 1 < >\n" + rows)


def make_subwords_metadata():
    def put(name, rows, behind=b"", **numbers):
        values = {"": "fasttext", "min_n": 3, "max_n": 6, "buckets": 50, "first_row": 17, "begin": "<", "end": ">", **numbers}
        lines = [f".{key} {value}" if key else f" {value}" for key, value in values.items() if value is not None]
        write("subwords_metadata", name, "\n".join([str(rows), *lines, "", ""]).encode() + behind)

    floret = {"": "floret", "hash_count": 2, "hash_seed": 2166136261, "first_row": 0}
    put("ok_fasttext", 67, "na\u00efve \u732b".encode() + b"\x80\xff")
    put("ok_pruned", 20, struct.pack("<3q", 2, 30, 49), kept=3)
    put("ok_pruned_unsorted", 20, struct.pack("<3q", 49, -1, 1 << 62), kept=3)
    put("ok_all_pruned", 17, kept=0)
    put("ok_no_buckets", 17, buckets=0)
    put("ok_floret", 50, b"apple", **floret)
    put("ok_marks", 50, b"apple", **{**floret, "begin": "\u00ab", "end": ""})
    put("ok_no_subwords", 50, **{"": None})
    put("bad_rows", 66)
    put("bad_kept", 67, kept=51)
    put("bad_hash", 67, **{"": "fnv"})
    put("bad_hash_count", 50, **{**floret, "hash_count": 5})
    put("bad_lengths", 67, min_n=7)
    put("bad_length", 67, max_n=1 << 31)
    put("bad_buckets", (1 << 63) - 1, buckets=(1 << 63) - 1)
    put("bad_number", 67, first_row="17x")
    put("bad_missing", 67, begin=None)
    put("bad_mark", 67, end="x" * 65)


def make_raw_matrix():
    put = lambda name, *parts: write("raw_matrix", name, b"".join(parts))
    put("ok_f32", bytes((0, 1, 0)), struct.pack("<4f", 1, 2, 3, 4))
    put("ok_f16", bytes((0, 1, 2)), struct.pack("<4e", 1, 2, 3, 4))
    put("ok_lenient", bytes((129, 2, 1)), struct.pack("<4d", 1, 2, 3, 4))
    put("ok_glove", bytes((1, 0, 0)), struct.pack("<4d", 1, 2, 3, 4))
    put("bad_glove", bytes((1, 1, 0)), struct.pack("<4d", 1, 2, 3, 4))
    put("ok_words", bytes((2, 0, 2)), b"a\ntwo words\n\xff\r\n")
    put("ok_counts", bytes((2, 0, 1)), b"a 12\nb c 7\n")
    put("bad_words", bytes((2, 0, 1)), b"a\n")


def make_tokenizer_json():
    put = lambda name, text: write("tokenizer_json", name, text.encode())
    put("ok_object", compact({"added_tokens": [{"id": 3, "content": "[X]", "x": {"id": 9}}],
                              "model": {"vocab": {"b": 1, "a": 0}, "merges": [["a", "b"]]}}))
    put("ok_pairs", compact({"model": {"vocab": [["<s>", 0.0], ["\u2581the", -2.5], ["", 1]]}}))
    put("bad_number", compact({"model": {"vocab": {"a": 1 << 40}}}))
    put("bad_negative", compact({"model": {"vocab": {"a": -1}}}))
    put("bad_kind", compact({"model": {"vocab": [1, [[2]], {"a": 3}, "b"]}}))
    put("bad_cut", compact({"model": {"vocab": {"a": 1}}})[:-2])
    put("bad_none", "{}")


KNOWN_SUM = 0xb375dcfc  # XXH3-64 of the first 508 bytes of slot(2), its low 32 bits

if __name__ == "__main__":
    make_safetensors()
    make_shard_index()
    make_npy()
    make_npy_reader()
    make_table_open()
    make_meta_slot()
    make_word2vec_text()
    make_glove_text()
    make_word2vec_bin()
    make_glove_gradsq()
    make_gguf()
    make_finalfusion()
    make_delimited()
    make_floret()
    make_subwords_metadata()
    make_raw_matrix()
    make_tokenizer_json()
