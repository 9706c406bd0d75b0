#include "bench_report.h"

#include <windrow/version.h>

#include "base/fail.h"
#include "output.h"
#include "units.h"

namespace windrow::tools {

nlohmann::ordered_json measurement_json(const Measurement& measured, const std::string& ids,
                                        const std::string& optimizer, const std::string& residency) {
  const WorkSpec& work = measured.work;
  nlohmann::ordered_json json;
  json["op"] = work.op;
  json["mode"] = work.op == "pool" ? nlohmann::ordered_json(work.mode) : nullptr;
  json["optimizer"] = work.op == "step" ? nlohmann::ordered_json(optimizer) : nullptr;
  json["row_format"] = row_format_name(measured.format.kind);
  json["rows"] = measured.rows;
  json["dim"] = measured.format.dim;
  json["pieces"] = measured.pieces;
  json["row_bytes"] = measured.format.row_bytes();
  json["stride_bytes"] = measured.format.stride_bytes;
  json["batch"] = work.batch;
  json["pooling"] = work.pooling;
  json["threads"] = measured.threads;
  json["ids"] = ids;
  json["simd"] = simd_target();
  json["residency"] = work.table.path.empty() ? "anonymous" : residency;
  json["ns_per_id_median"] = measured.median();
  json["ns_per_id_min"] = measured.min();
  json["gb_per_s"] = measured.gb_per_s();
  // null: too small a table to measure how fast it is read in order.
  const auto limit = [&](double value) {
    return measured.has_limit() ? nlohmann::ordered_json(value) : nlohmann::ordered_json();
  };
  json["sequential_gb_per_s"] = limit(measured.sequential_gb_per_s);
  json["sequential_ns_per_id"] = limit(measured.limit_ns_per_id());
  json["share_of_limit"] = limit(measured.gb_per_s() / measured.sequential_gb_per_s);
  json["first_touch_ns_per_id"] = measured.first_touch;
  json["mapped_bytes"] = measured.residency.mapped_bytes;
  json["huge_bytes"] = measured.residency.huge_bytes;
  return json;
}

void print_measurement(const nlohmann::ordered_json& json) {
  const auto text = [&](const char* key) {
    return json[key].is_null() ? std::string() : json[key].get<std::string>();
  };
  const auto number = [&](const char* key) { return json[key].get<uint64_t>(); };
  const auto value = [&](const char* key, int digits) {
    return with_digits(json[key].get<double>(), digits);
  };
  const std::string detail = text("mode") + text("optimizer");
  print_line(text("op"), detail.empty() ? "" : concat(" (", detail, ")"), ", ", number("rows"), " rows x ",
             number("dim"), " ", text("row_format"),
             number("pieces") > 1 ? concat(" in ", number("pieces"), " pieces") : "", ", batches of ",
             number("batch"), " x ", number("pooling"), " ids (", text("ids"), "), ", number("threads"),
             number("threads") == 1 ? " thread, " : " threads, ", text("simd"));
  print_line("  time per id      ", value("ns_per_id_median", 2), " ns (median), ", value("ns_per_id_min", 2),
             " ns (best)");
  print_line("  first pass       ", value("first_touch_ns_per_id", 2),
             " ns per id, meeting pages for the first time");
  print_line("  row bytes        ", value("gb_per_s", 2), " GB/s (median)");
  if (json["sequential_gb_per_s"].is_null()) {
    print_line("  sequential read  not measured: the table is too small");
  } else {
    print_line("  sequential read  ", value("sequential_gb_per_s", 2),
               " GB/s, the limit of this memory here and now");
    print_line("  share of limit   ", with_digits(100 * json["share_of_limit"].get<double>(), 0), " %");
  }
  if (number("mapped_bytes") > 0) {
    print_line("  2 MiB pages      ", human_bytes(number("huge_bytes")), " of ",
               human_bytes(number("mapped_bytes")));
  }
}

std::string describe_work(const WorkSpec& work) {
  if (work.op == "gather") return "gather";
  return concat(work.op, " ", work.op == "pool" ? work.mode + " " : "", "of ", work.pooling, " ids");
}

}  // namespace windrow::tools
