#include "windrow/table_writer.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/fail.h"
#include "base/guard.h"
#include "format/checksum.h"
#include "format/meta_slot.h"
#include "kernels/encode.h"
#include "table/data_file.h"
#include "table/float_view.h"
#include "table/optimizer_state.h"
#include "table/replacement.h"
#include "table/request.h"
#include "table/row_format_check.h"
#include "table/state_tensors.h"
#include "table/subwords_metadata.h"
#include "table/table_description.h"
#include "table/table_file.h"
#include "table/tensor_sink.h"
#include "table/vocabulary_format.h"

namespace windrow {

namespace {

std::string_view reason(kernels::EncodeError error) {
  return error == kernels::EncodeError::kNotFinite
             ? "a value is NaN or infinite"
             : "its values, or the differences between them, are too large";
}

// State and steps need an optimiser that they belong to.
Result<void> check_state(const TableWriterSpec& spec) {
  if (spec.step_count < 0) {
    return fail(ErrorCode::kInvalidArgument, "step_count is ", spec.step_count, ", below 0");
  }
  if (!spec.optimizer && (spec.state || spec.step_count > 0)) {
    return fail(ErrorCode::kInvalidArgument,
                "state or a step_count is given, but no optimizer whose they are");
  }
  return {};
}

// Formats and optimisers that this version cannot write.
Result<void> check_support(const TableWriterSpec& spec) {
  if (spec.format.scale_place == RowFormat::ScalePlace::kApart) {
    return fail(ErrorCode::kUnsupported, "tables are written with scales in their rows, not apart");
  }
  if (spec.optimizer) return check_trainable(spec.format.kind, "a table with an optimiser");
  return {};
}

}  // namespace

struct TableWriter::State {
  io::FileSystem* system;
  std::string path;
  TableWriterSpec spec;
  io::AtomicFile file;
  TensorSink sink;
  VocabularyBuilder vocabulary;
  kernels::EncodeRowFn encode;
  std::vector<uint8_t> row;     // one row with its padding, zeros behind the values
  std::vector<float> unpacked;  // one row that came as f16 or bf16
  int64_t rows = 0;
  bool rows_have_tokens = false;
  int64_t last_token_row = -1;  // of the tokens that came by themselves

  State(io::FileSystem& fs, std::string name, TableWriterSpec what, io::AtomicFile opened)
      : system(&fs),
        path(std::move(name)),
        spec(std::move(what)),
        file(std::move(opened)),
        sink(file),
        encode(kernels::encode_row(spec.format.kind)),
        row(spec.format.stride_bytes) {}

  uint64_t dim() const { return static_cast<uint64_t>(spec.format.dim); }

  Result<void> start();
  Result<void> write_row(const float* values, size_t row);
  Result<void> write_state();
  Result<void> write_vocabulary();
  Result<void> write_kept_buckets();
  Result<void> write_header();
  Result<void> check_rows_exist() const;
};

Result<void> TableWriter::State::start() {
  if (spec.rows) {
    const uint64_t row_bytes =
        spec.format.stride_bytes + (spec.optimizer ? state_row_bytes(*spec.optimizer, dim()) : 0);
    const auto bytes = checked_mul(row_bytes, static_cast<uint64_t>(*spec.rows));
    if (!bytes || *bytes >= uint64_t{1} << 48) {
      return fail(ErrorCode::kInvalidArgument, path, ": ", *spec.rows, " rows of ", row_bytes,
                  " bytes are more than a file of this format can hold (2^48 bytes)");
    }
    if (auto reserved = file.file().reserve(kTableHeaderBytes + kMetaBytes + *bytes); !reserved)
      return reserved;
  }
  const std::vector<uint8_t> front(kTableHeaderBytes + kMetaBytes);
  return file.append(front);
}

// Adds row number `number`, counted from the first of this append.
Result<void> TableWriter::State::write_row(const float* values, size_t number) {
  if (const auto error = encode(spec.format, values, row.data()); error != kernels::EncodeError::kNone) {
    return fail(ErrorCode::kInvalidArgument, path, ": row ", rows + static_cast<int64_t>(number),
                " cannot be stored as ", row_format_name(spec.format.kind), ": ", reason(error));
  }
  return sink.put(row);
}

Result<void> TableWriter::State::write_state() {
  if (!spec.optimizer) return {};
  return windrow::write_state(sink, *spec.optimizer, static_cast<uint64_t>(rows), dim(), spec.state);
}

Result<void> TableWriter::State::write_vocabulary() {
  if (vocabulary.size() == 0) return {};
  const auto index = vocabulary.index();
  const bool has_rows = !vocabulary.rows().empty(), has_weights = !vocabulary.weights().empty();
  const std::pair<bool, std::span<const uint8_t>> tensors[] = {{true, bytes_of(vocabulary.bytes())},
                                                               {true, bytes_of(vocabulary.offsets())},
                                                               {has_rows, bytes_of(vocabulary.rows())},
                                                               {has_weights, bytes_of(vocabulary.weights())},
                                                               {true, bytes_of(index)}};
  for (const auto& [is_there, bytes] : tensors) {
    if (!is_there) continue;
    if (auto put = sink.put(bytes); !put) return put;
    if (auto ended = sink.end_tensor(); !ended) return ended;
  }
  return {};
}

Result<void> TableWriter::State::write_kept_buckets() {
  if (!spec.subwords || !spec.subwords->kept) return {};
  if (auto put = sink.put(bytes_of(spec.kept_buckets)); !put) return put;
  return sink.end_tensor();
}

Result<void> TableWriter::State::write_header() {
  TableSizes sizes{static_cast<uint64_t>(rows)};
  sizes.tokens = static_cast<uint64_t>(vocabulary.size());
  sizes.token_bytes = vocabulary.bytes().size();
  sizes.token_rows = !vocabulary.rows().empty();
  sizes.token_weights = !vocabulary.weights().empty();
  sizes.index_slots = vocabulary.index_slots();
  sizes.checksums = sink.checksums().size();
  auto layout = describe_table(spec, sizes);
  if (!layout) return tl::make_unexpected(with_path(layout.error(), path));
  MetaSlot slot;
  for (size_t half : {0, 8}) store(slot.uuid.data() + half, system->random64());
  slot.uuid[6] = static_cast<uint8_t>((slot.uuid[6] & 0x0f) | 0x40);  // a random uuid, RFC 9562 version 4
  slot.uuid[8] = static_cast<uint8_t>((slot.uuid[8] & 0x3f) | 0x80);
  slot.layout = sum32(layout->header);
  slot.rows_in_use = static_cast<uint64_t>(rows);
  slot.optimizer_id = spec.optimizer ? optimizer_id(*spec.optimizer) : kNoOptimizer;
  slot.step_count = static_cast<uint64_t>(spec.step_count);
  slot.checksum_block_bytes = kChecksumBlockBytes;
  slot.row_format_id = static_cast<uint32_t>(spec.format.kind);
  slot.dim = static_cast<uint32_t>(spec.format.dim);
  slot.scale_block = static_cast<uint32_t>(spec.format.block);
  slot.scale_type = static_cast<uint8_t>(spec.format.scale_type);
  slot.scale_place = static_cast<uint8_t>(spec.format.scale_place);
  slot.content = draw_content(*system);
  if (auto written = file.file().write(kTableHeaderBytes, encode_slot(slot)); !written) return written;
  return file.file().write(0, layout->header);
}

// The rows that tokens and n-grams lead to.
Result<void> TableWriter::State::check_rows_exist() const {
  if (last_token_row >= rows) {
    return fail(ErrorCode::kInvalidArgument, path, ": a token has the row ", last_token_row, ", of ", rows);
  }
  const Subwords subwords = spec.subwords.value_or(Subwords());
  if (auto checked = check_subwords(subwords, rows); !checked) return checked;
  return check_kept_buckets(spec.kept_buckets, subwords);
}

Result<TableWriter> TableWriter::create(const std::string& path, const TableWriterSpec& spec) {
  return guard([&]() -> Result<TableWriter> {
    if (auto checked = check_row_format(spec.format); !checked) return pass(checked);
    if (auto checked = check_support(spec); !checked) return pass(checked);
    if (auto checked = check_state(spec); !checked) return pass(checked);
    if (spec.optimizer) {
      if (auto checked = check_optimizer(*spec.optimizer); !checked) return pass(checked);
    }
    if (spec.rows && *spec.rows < 0)
      return fail(ErrorCode::kInvalidArgument, "rows is ", *spec.rows, ", below 0");
    // What is wrong with the metadata must not come out when all rows have been written.
    if (auto fits = check_metadata(spec); !fits) return tl::make_unexpected(with_path(fits.error(), path));
    auto& system = io::posix();
    if (auto free = refuse_if_trained(system, path); !free) return pass(free);
    auto file = io::AtomicFile::create(system, path);
    if (!file) return pass(file);
    auto state = std::make_unique<State>(system, path, spec, std::move(*file));
    if (auto started = state->start(); !started) return pass(started);
    return TableWriter(std::move(state));
  });
}

TableWriter::TableWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
TableWriter::~TableWriter() = default;
TableWriter::TableWriter(TableWriter&&) noexcept = default;
TableWriter& TableWriter::operator=(TableWriter&&) noexcept = default;

Result<void> TableWriter::append(RowsIn rows, std::span<const std::string_view> tokens) {
  return guard([&]() -> Result<void> {
    State& s = *state_;
    if (auto checked = check_rows(rows, rows.rows, s.spec.format.dim, "rows"); !checked) return checked;
    if ((!tokens.empty() && tokens.size() != rows.rows) ||
        (!tokens.empty() && s.vocabulary.size() != s.rows)) {
      return fail(ErrorCode::kInvalidArgument, s.path, ": ", tokens.size(), " tokens for ", rows.rows,
                  " rows, after ", s.vocabulary.size(), " for ", s.rows,
                  ": a row without a token can have none with one behind it");
    }
    s.unpacked.resize(FloatView::memory_for(rows, s.spec.format.dim));
    const FloatView floats(rows, s.spec.format.dim, s.unpacked.data());
    for (size_t r = 0; r < rows.rows; ++r) {
      if (auto written = s.write_row(floats.row(r), r); !written) return written;
    }
    for (const auto token : tokens) s.vocabulary.add(token);
    s.rows_have_tokens |= !tokens.empty();
    s.rows += static_cast<int64_t>(rows.rows);
    return {};
  });
}

Result<void> TableWriter::add_tokens(std::span<const std::string_view> tokens, std::span<const int64_t> rows,
                                     std::span<const float> weights) {
  return guard([&]() -> Result<void> {
    State& s = *state_;
    if ((!rows.empty() && rows.size() != tokens.size()) ||
        (!weights.empty() && weights.size() != tokens.size())) {
      return fail(ErrorCode::kInvalidArgument, s.path, ": ", rows.size(), " rows and ", weights.size(),
                  " weights for ", tokens.size(), " tokens: give one for each, or none");
    }
    if (s.rows_have_tokens) {
      return fail(ErrorCode::kInvalidArgument, s.path,
                  ": tokens came with rows before, and now by themselves");
    }
    for (size_t t = 0; t < tokens.size(); ++t) {
      const int64_t row = rows.empty() ? s.vocabulary.size() : rows[t];
      if (row < 0) return fail(ErrorCode::kInvalidArgument, s.path, ": token ", t, " has the row ", row);
      s.vocabulary.add(tokens[t], row, weights.empty() ? 1.0f : weights[t]);
      s.last_token_row = std::max(s.last_token_row, row);
    }
    return {};
  });
}

int64_t TableWriter::rows() const {
  return state_->rows;
}

Result<void> TableWriter::finish() {
  return guard([&]() -> Result<void> {
    State& s = *state_;
    if (s.spec.rows && *s.spec.rows != s.rows) {
      return fail(ErrorCode::kInvalidArgument, s.path, ": ", *s.spec.rows, " rows were announced, and ",
                  s.rows, " came");
    }
    if (auto exist = s.check_rows_exist(); !exist) return exist;
    if (auto ended = s.sink.end_tensor(); !ended) return ended;
    if (auto written = s.write_state(); !written) return written;
    if (auto written = s.write_vocabulary(); !written) return written;
    if (auto written = s.write_kept_buckets(); !written) return written;
    if (auto written = s.file.append(bytes_of(s.sink.checksums())); !written) return written;
    if (auto written = s.write_header(); !written) return written;
    auto committed = s.file.commit([&] { return refuse_if_trained(*s.system, s.path); });
    if (!committed) return committed;
    // Written pages sit in the cache in whatever sizes the writes had; let the first reader choose (README,
    // "Residency").
    s.file.file().evict();
    return {};
  });
}

}  // namespace windrow
