#pragma once

#include <windrow/error.h>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "formats/reader.h"
#include "formats/table_reader.h"
#include "formats/writer.h"

namespace windrow::tools {

// The first bytes of a file, to tell its format from.
struct FileStart {
  std::string_view bytes;
  uint64_t file_bytes = 0;
};
constexpr size_t kFileStartBytes = 64 * 1024;

enum class Tokens : uint8_t { kNone, kOptional, kRequired };

// A file format that `windrow convert` knows. A new one is a file of its own in this folder and a line in
// formats.cc.
struct Format {
  std::string_view name;
  std::span<const std::string_view> suffixes;  // of the names of new files
  Tokens tokens;                               // what rows are written with
  bool is_table;      // whether a new file has rows of any format, and can hold an optimiser's state
  bool opens_tables;  // whether files are read in place, by the options of a table; else only the path counts
  bool (*recognises)(const FileStart& start);
  Result<std::unique_ptr<RowReader>> (*open)(const TableSource& source);
  Result<std::unique_ptr<RowWriter>> (*create)(const std::string& path, const WriterSpec& spec);
};

extern const Format kSafetensors;
extern const Format kNpy;
extern const Format kWord2vecText;
extern const Format kWord2vecBin;

std::span<const Format* const> formats();
const Format* format_named(std::string_view name);
// The format that the end of a file's name asks for.
const Format* format_for_name(std::string_view path);

// The format of a file, told from its content; safetensors for a folder or an index of a checkpoint. kUnsupported for a known format that cannot be read, and what
// to do; kFormat for anything else.
Result<const Format*> detect_format(const std::string& path);
Result<const Format*> detect_format(const FileStart& start, const std::string& path);

}  // namespace windrow::tools
