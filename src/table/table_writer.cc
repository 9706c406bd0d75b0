#include "windrow/table_writer.h"

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
#include "table/table_description.h"
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
  Result<void> write_header();
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
  for (const auto& bytes : {bytes_of(vocabulary.bytes()), bytes_of(vocabulary.offsets()), bytes_of(index)}) {
    if (auto put = sink.put(bytes); !put) return put;
    if (auto ended = sink.end_tensor(); !ended) return ended;
  }
  return {};
}

Result<void> TableWriter::State::write_header() {
  TableSizes sizes{static_cast<uint64_t>(rows)};
  sizes.tokens = static_cast<uint64_t>(vocabulary.size());
  sizes.token_bytes = vocabulary.bytes().size();
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
  if (auto written = file.file().write(kTableHeaderBytes, encode_slot(slot)); !written) return written;
  return file.file().write(0, layout->header);
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
    const bool has_tokens = s.vocabulary.size() > 0;
    if ((!tokens.empty() && tokens.size() != rows.rows) ||
        (s.rows > 0 && rows.rows > 0 && has_tokens != !tokens.empty())) {
      return fail(ErrorCode::kInvalidArgument, s.path, ": ", tokens.size(), " tokens for ", rows.rows,
                  " rows, after ", s.vocabulary.size(), " for ", s.rows,
                  ": either every row has one, or none has");
    }
    s.unpacked.resize(FloatView::memory_for(rows, s.spec.format.dim));
    const FloatView floats(rows, s.spec.format.dim, s.unpacked.data());
    for (size_t r = 0; r < rows.rows; ++r) {
      if (auto written = s.write_row(floats.row(r), r); !written) return written;
    }
    for (const auto token : tokens) s.vocabulary.add(token);
    s.rows += static_cast<int64_t>(rows.rows);
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
    if (auto ended = s.sink.end_tensor(); !ended) return ended;
    if (auto written = s.write_state(); !written) return written;
    if (auto written = s.write_vocabulary(); !written) return written;
    if (auto written = s.file.append(bytes_of(s.sink.checksums())); !written) return written;
    if (auto written = s.write_header(); !written) return written;
    if (auto free = refuse_if_trained(*s.system, s.path); !free) return free;
    if (auto committed = s.file.commit(); !committed) return committed;
    // Written pages sit in the cache in whatever sizes the writes had; let the first reader choose (README,
    // "Residency").
    s.file.file().evict();
    return {};
  });
}

}  // namespace windrow
