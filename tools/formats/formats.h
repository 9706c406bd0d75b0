#pragma once

#include <windrow/error.h>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "formats/reader.h"
#include "formats/source.h"
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
  std::string_view about;                           // a line for --help
  std::span<const std::string_view> suffixes = {};  // of the names of files; several formats may share one
  // What rows are written with.
  Tokens tokens = Tokens::kNone;
  // A row is found by its token, and its number means nothing: of rows with the same token the first is kept.
  bool rows_by_token = false;
  // Whether a new file has rows of any format, and can hold an optimiser's state.
  bool is_table = false;
  // Whether files are read in place, by the options of a table; else only the path counts.
  bool opens_tables = false;
  // Of the options that say what a file does not, those that its reader heeds (`--shape`).
  std::span<const std::string_view> options = {};
  // Whether values are written as text.
  bool writes_text = false;
  // Of formats that write a pair of files, the name of the other one.
  std::string (*companion)(const std::string& path) = nullptr;
  // Null: only the user can tell.
  bool (*recognises)(const FileStart& start) = nullptr;
  // Null: files of this format are not read.
  Result<std::unique_ptr<RowReader>> (*open)(const Source& source) = nullptr;
  // Null: they are not written.
  Result<std::unique_ptr<RowWriter>> (*create)(const std::string& path, const WriterSpec& spec) = nullptr;
};

extern const Format kSafetensors;
extern const Format kNpy;
extern const Format kGguf;
extern const Format kFinalfusion;
extern const Format kWord2vecText;
extern const Format kWord2vecBin;
extern const Format kGloveText;
extern const Format kGloveBin;
extern const Format kTsv;
extern const Format kCsv;
extern const Format kFasttextBin;
extern const Format kFloret;
extern const Format kStaticEmbedding;
extern const Format kRaw;
extern const Format kProjector;

// The rows of a source, with the tokens of source.vocabulary where that is given. kInvalidArgument when they have tokens
// already.
Result<std::unique_ptr<RowReader>> open_rows(const Format& format, const Source& source);

std::span<const Format* const> formats();
const Format* format_named(std::string_view name);
// The format that the end of a new file's name asks for.
const Format* format_for_name(std::string_view path);

// The format of a file, told from its content, or of a folder, from its files. kUnsupported for a known format that
// cannot be read, and what to do; kFormat for anything else.
Result<const Format*> detect_format(const std::string& path);
Result<const Format*> detect_format(const FileStart& start, const std::string& path);

}  // namespace windrow::tools
