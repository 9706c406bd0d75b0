#include "formats/fasttext_model.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "formats/byte_section.h"
#include "formats/fasttext_fields.h"
#include "formats/word2vec_header.h"
#include "table/subwords_metadata.h"

namespace windrow::tools {

namespace {

// https://github.com/facebookresearch/fastText: src/fasttext.cc, FastText::loadModel; args.cc; dictionary.cc
enum class Layout : uint8_t { kNoMagic, kNumbered, kFloret };

constexpr int32_t kOldestVersion = 11, kNewestVersion = 12;
constexpr int32_t kSupervised = 3;
constexpr uint64_t kLeastEntryBytes = 1 + 8 + 1;  // an empty word
constexpr const char* kArguments = "the arguments at its start";

class ModelParser {
 public:
  ModelParser(const std::shared_ptr<const ByteSource>& source, Layout layout, bool lenient)
      : fields_(source, 0), layout_(layout), lenient_(lenient) {}

  Result<FasttextModel> parse() {
    take_arguments();
    take_dictionary();
    take_kept_buckets();
    take_input();
    if (fields_.failed()) return tl::make_unexpected(fields_.error());
    take_output();
    if (fields_.failed()) {
      if (!lenient_) return tl::make_unexpected(fields_.error());
      model_.remarks.push_back(concat("behind the input matrix: ", fields_.error().message));
    }
    return std::move(model_);
  }

 private:
  void take_arguments() {
    if (layout_ != Layout::kNoMagic) {
      fields_.skip(1, sizeof(kFasttextMagic), "the magic number");
      model_.version = fields_.take<int32_t>("the version");
    }
    model_.dim = fields_.take<int32_t>(kArguments);
    fields_.skip(5, 4, kArguments);     // ws, epoch, minCount, neg, wordNgrams
    fields_.take<int32_t>(kArguments);  // loss
    model_.supervised = fields_.take<int32_t>(kArguments) == kSupervised;
    model_.buckets = fields_.take<int32_t>(kArguments);
    model_.min_n = fields_.take<int32_t>(kArguments);
    model_.max_n = fields_.take<int32_t>(kArguments);
    fields_.skip(layout_ == Layout::kFloret ? 3 : 1, 4, kArguments);  // mode, hashCount; lrUpdateRate
    fields_.skip(1, 8, kArguments);                                   // t
    if (model_.dim < 1 || model_.buckets < 0)
      fields_.refuse("dim ", model_.dim, " and ", model_.buckets, " buckets cannot be");
    if (model_.max_n > kMaxNgramCharacters)
      fields_.refuse("n-grams of up to ", model_.max_n, " characters; at most ", kMaxNgramCharacters,
                     " can be");
    // Models of this version had none, whatever they say (FastText::loadModel).
    if (model_.version == kOldestVersion && model_.supervised) model_.max_n = 0;
  }

  void take_dictionary() {
    const auto entries = fields_.take<int32_t>("the dictionary");
    const auto words = fields_.take<int32_t>("the dictionary");
    const auto labels = fields_.take<int32_t>("the dictionary");
    fields_.skip(1, 8, "the dictionary");  // ntokens
    kept_ = layout_ == Layout::kNoMagic ? -1 : fields_.take<int64_t>("the dictionary");
    if (words < 0 || labels < 0 || int64_t{words} + labels != entries)
      fields_.refuse("a dictionary of ", entries, " entries: ", words, " words and ", labels, " labels");
    if (!fields_.has(static_cast<uint64_t>(entries), kLeastEntryBytes, "the dictionary")) return;
    model_.words = static_cast<uint64_t>(words);
    model_.labels = static_cast<uint64_t>(labels);
    model_.dictionary_begin = fields_.position();
    FasttextDictionary dictionary(fields_.source(), fields_.position(), fields_.source()->size());
    for (int32_t i = 0; i < entries; ++i) {
      auto entry = dictionary.next();
      if (!entry) return fields_.refuse_with(std::move(entry.error()));
      if (entry->is_label == (i >= words)) continue;
      fields_.go_to(dictionary.position());
      return fields_.refuse("entry ", i, " of the dictionary is a ", entry->is_label ? "label" : "word",
                            ", but ", words, " words should come first, then ", labels, " labels");
    }
    model_.dictionary_end = dictionary.position();
    fields_.go_to(model_.dictionary_end);
  }

  // The rows of the buckets that were kept, by bucket.
  void take_kept_buckets() {
    model_.pruned = kept_ >= 0;
    if (kept_ <= 0 || !fields_.has(static_cast<uint64_t>(kept_), 8, "the kept buckets")) return;
    std::vector<std::pair<int32_t, int32_t>> pairs(static_cast<size_t>(kept_));
    for (auto& [bucket, row] : pairs) {
      bucket = fields_.take<int32_t>("the kept buckets");
      row = fields_.take<int32_t>("the kept buckets");
    }
    std::sort(pairs.begin(), pairs.end());
    for (const auto& [bucket, row] : pairs) {
      const bool again = !model_.kept_buckets.empty() && model_.kept_buckets.back() == bucket;
      if (bucket < 0 || bucket >= model_.buckets || row < 0 || again)
        return fields_.refuse("bucket ", bucket, " of ", model_.buckets, " has the row ", row,
                              again ? ", and another one" : "");
      model_.kept_buckets.push_back(bucket);
      model_.kept_rows.push_back(static_cast<uint64_t>(row));
    }
  }

  void take_input() {
    quantised_ = layout_ != Layout::kNoMagic && fields_.take<uint8_t>("the kind of the input matrix") != 0;
    if (model_.pruned && !quantised_) fields_.refuse("the model is pruned, but not quantised");
    const uint64_t begin = fields_.position();
    model_.input = FasttextMatrix::take(fields_, quantised_);
    if (fields_.failed()) return;
    const uint64_t rows = model_.input.rows();
    const auto most = std::max_element(model_.kept_rows.begin(), model_.kept_rows.end());
    const uint64_t least = model_.words + (most == model_.kept_rows.end() ? 0 : *most + 1);
    if (model_.input.dim() != static_cast<uint64_t>(model_.dim) || rows < least) {
      fields_.go_to(begin);
      fields_.refuse("the input matrix is of ", rows, " x ", model_.input.dim(), " values, but ",
                     model_.words, " words", model_.kept_rows.empty() ? "" : " and kept buckets",
                     " need at least ", least, " x ", model_.dim);
    }
  }

  void take_output() {
    const bool quantised = layout_ != Layout::kNoMagic &&
                           fields_.take<uint8_t>("the kind of the output matrix") != 0 && quantised_;
    FasttextMatrix::take(fields_, quantised);
    if (fields_.left() > 0) fields_.refuse(fields_.left(), " bytes follow the output matrix");
  }

  FasttextFields fields_;
  Layout layout_;
  bool lenient_;
  bool quantised_ = false;
  int64_t kept_ = -1;  // pruneidx_size: -1 of a model that is not pruned
  FasttextModel model_;
};

Result<int32_t> first_number(const ByteSource& source, uint64_t offset) {
  uint8_t bytes[4] = {};
  if (source.size() < offset + sizeof(bytes))
    return fail(ErrorCode::kFormat, source.name(), ": a file of ", source.size(),
                " bytes is no fastText model");
  if (auto read = source.read(offset, bytes); !read) return pass(read);
  return load<int32_t>(bytes);
}

void remark_on(FasttextModel& model) {
  const auto remark = [&](const auto&... parts) { model.remarks.push_back(concat(parts...)); };
  const uint64_t behind = model.input.rows() - model.words;
  if (model.input.quantised()) remark("rows were decoded from the codes of a product quantiser");
  if (model.pruned && model.max_n > 0)
    remark("the model is pruned: ", model.kept_buckets.size(), " of ", model.buckets,
           " buckets of n-grams are left");
  if (!model.pruned && behind != static_cast<uint64_t>(model.buckets))
    remark("the model declares ", model.buckets, " buckets of n-grams, and has rows for ", behind,
           ": so many it is");
  if (model.supervised)
    remark("of a classifier the rows were read; its ", model.labels,
           " labels and output matrix were left behind");
  if (model.max_n <= 0 && behind > 0)
    remark("the last ", behind, " rows are no n-grams of characters, and no word finds them");
}

}  // namespace

FasttextDictionary::FasttextDictionary(const std::shared_ptr<const ByteSource>& source, uint64_t begin,
                                       uint64_t end)
    : bytes_(read_section(source, begin, end)), begin_(begin) {}

Result<FasttextDictionary::Entry> FasttextDictionary::next() {
  const auto length = bytes_.find('\0', kMaxTokenBytes + 1);
  if (!length) return tl::make_unexpected(length.error());
  constexpr size_t kBehind = 1 + 8 + 1;  // the zero, count and type
  const auto entry = bytes_.peek(length->value_or(0) + kBehind);
  if (!entry) return tl::make_unexpected(entry.error());
  if (!*length || entry->size() < **length + kBehind)
    return fail(ErrorCode::kFormat, bytes_.name(), ": byte ", position(),
                ": no zero ends the word of the dictionary");
  const char type = entry->back();
  if (type != 0 && type != 1) {
    return fail(ErrorCode::kFormat, bytes_.name(), ": byte ", position() + **length + kBehind - 1,
                ": an entry of the dictionary is neither word nor label");
  }
  bytes_.skip(entry->size());
  return Entry{entry->substr(0, **length), type == 1};
}

std::optional<Subwords> FasttextModel::subwords() const {
  const uint64_t behind = pruned ? kept_buckets.size() : input.rows() - words;
  if (max_n <= 0 || max_n < min_n || behind == 0) return std::nullopt;
  Subwords subwords;
  subwords.min_n = std::max(min_n, 0);
  subwords.max_n = max_n;
  subwords.buckets = pruned ? buckets : static_cast<int64_t>(behind);
  if (pruned) subwords.kept = static_cast<int64_t>(behind);
  subwords.first_row = static_cast<int64_t>(words);
  return subwords;
}

Result<FasttextModel> read_fasttext_model(const std::shared_ptr<const ByteSource>& source, bool lenient) {
  const auto magic = first_number(*source, 0);
  if (!magic) return tl::make_unexpected(magic.error());
  const bool numbered = *magic == kFasttextMagic;
  if (numbered) {
    const auto version = first_number(*source, 4);
    if (!version) return tl::make_unexpected(version.error());
    if (*version < kOldestVersion || *version > kNewestVersion) {
      return fail(ErrorCode::kUnsupported, source->name(), ": a fastText model of version ", *version, "; ",
                  kOldestVersion, " and ", kNewestVersion, " are known");
    }
  }
  auto model = ModelParser(source, numbered ? Layout::kNumbered : Layout::kNoMagic, lenient).parse();
  if (!model && numbered && ModelParser(source, Layout::kFloret, false).parse()) {
    return fail(ErrorCode::kUnsupported, source->name(),
                ": a .bin of floret, which has no words; convert the .floret file that it wrote beside it");
  }
  if (!model) return model;
  remark_on(*model);
  return model;
}

}  // namespace windrow::tools
