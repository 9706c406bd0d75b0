#include "formats/formats.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/fail.h"
#include "formats/byte_reader.h"
#include "formats/static_embedding.h"
#include "formats/vocabulary_file.h"

namespace windrow::tools {

namespace {

// In the order in which they are tried: from the surest sign to the weakest.
constexpr std::array kFormats = {
    &kNpy,         &kSafetensors, &kGguf,     &kFinalfusion, &kFloret,          &kWord2vecText,
    &kWord2vecBin, &kGloveText,   &kGloveBin, &kFasttextBin, &kStaticEmbedding, &kTsv,
    &kCsv,         &kRaw,         &kProjector};

// Formats that are met in the wild under any name and cannot be read: what they are, and the way out.
struct Foreign {
  std::string_view start;
  std::string_view message;
};
using namespace std::string_view_literals;
constexpr Foreign kForeign[] = {
    {"PK\x03\x04"sv,
     "a zip archive (npz, or a torch checkpoint): save the array as .npy with numpy.save, or as safetensors"},
    {"SQLite format 3"sv, "an SQLite database (Magnitude?): export it in word2vec format"},
    {"\x89HDF"sv, "an HDF5 file: read the array with h5py and save it with numpy.save"},
    {"version https://git-lfs"sv, "a pointer of Git LFS, not the data: run `git lfs pull`"},
    {"<!DOCTYPE"sv, "a web page: the download failed"},
    {"<!doctype"sv, "a web page: the download failed"},
    {"<html"sv, "a web page: the download failed"},
    {"PAR1"sv, "a Parquet file: read it with pandas or pyarrow, and save the array with numpy.save"},
    {"ARROW1"sv, "an Arrow file: read it with pandas or pyarrow, and save the array with numpy.save"},
    {"\xFF\xFE"sv, "text in UTF-16: turn it into UTF-8 with `iconv -f UTF-16 -t UTF-8`"},
    {"\xFE\xFF"sv, "text in UTF-16: turn it into UTF-8 with `iconv -f UTF-16 -t UTF-8`"},
    {"\x1F\x8B"sv, "compressed (gzip): decompress it first"},
    {"\x28\xB5\x2F\xFD"sv, "compressed (zstd): decompress it first"},
    {"\xFD\x37\x7A\x58\x5A"sv, "compressed (xz): decompress it first"},
    {"BZh"sv, "compressed (bzip2): decompress it first"},
    {"\x80\x02"sv, "a Python pickle, which could run any code: save with save_word2vec_format or numpy.save"},
    {"\x80\x03"sv, "a Python pickle, which could run any code: save with save_word2vec_format or numpy.save"},
    {"\x80\x04"sv, "a Python pickle, which could run any code: save with save_word2vec_format or numpy.save"},
    {"\x80\x05"sv, "a Python pickle, which could run any code: save with save_word2vec_format or numpy.save"},
};

}  // namespace

Result<std::unique_ptr<RowReader>> open_rows(const Format& format, const Source& source) {
  auto rows = format.open(source);
  if (!rows || source.vocabulary.empty()) return rows;
  if ((*rows)->header().has_tokens || (*rows)->header().has_token_list) {
    return fail(ErrorCode::kInvalidArgument, source.path(),
                ": the file has tokens of its own: leave out --vocabulary");
  }
  auto vocabulary = open_bytes(source.vocabulary);
  if (!vocabulary) return pass(vocabulary);
  return with_vocabulary(std::move(*rows), std::move(*vocabulary));
}

std::span<const Format* const> formats() {
  return kFormats;
}

const Format* format_named(std::string_view name) {
  const auto found =
      std::find_if(kFormats.begin(), kFormats.end(), [&](const Format* f) { return f->name == name; });
  return found == kFormats.end() ? nullptr : *found;
}

const Format* format_for_name(std::string_view path) {
  for (const Format* format : kFormats) {
    for (const std::string_view suffix : format->suffixes) {
      if (format->create && path.ends_with(suffix)) return format;
    }
  }
  return nullptr;
}

Result<const Format*> detect_format(const FileStart& start, const std::string& path) {
  if (start.file_bytes == 0) return fail(ErrorCode::kFormat, path, ": the file is empty");
  if (start.bytes.starts_with('{') && path.ends_with(".json")) return &kSafetensors;  // an index
  // A safetensors file starts with a number, so its first bytes may look like anything: it is asked first.
  if (kSafetensors.recognises(start)) return &kSafetensors;
  for (const Foreign& foreign : kForeign) {
    // A token may look like any of them: `<html> 0.1 0.2`.
    if (start.bytes.starts_with(foreign.start) && !kGloveText.recognises(start)) {
      return fail(ErrorCode::kUnsupported, path, ": this is ", foreign.message);
    }
  }
  for (const Format* format : kFormats) {
    if (format->recognises && format->recognises(start)) return format;
  }
  return fail(
      ErrorCode::kFormat, path,
      ": not a format that is known here, from its first bytes (`windrow convert --help` lists them); "
      "name one with --from to see what is wrong with it");
}

Result<const Format*> detect_format(const std::string& path) {
  std::error_code unreadable;  // whoever opens it will meet it again, and report it
  if (std::filesystem::is_directory(path, unreadable))
    return static_embedding_folder(path).empty() ? &kSafetensors : &kStaticEmbedding;
  auto source = open_bytes(path);
  if (!source) return pass(source);
  ByteReader reader(std::move(*source));
  const auto bytes = reader.peek(kFileStartBytes);
  if (!bytes) return tl::make_unexpected(bytes.error());
  return detect_format({*bytes, reader.size()}, path);
}

}  // namespace windrow::tools
