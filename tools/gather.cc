#include <windrow/lookup.h>

#include "base/fail.h"
#include "npy_file.h"
#include "number_checks.h"
#include "output.h"
#include "request_files.h"
#include "table_options.h"
#include "verb.h"

namespace windrow::tools {

namespace {

struct GatherOptions {
  TableOptions table;
  std::string ids;
  std::string output;
  std::optional<int64_t> padding_id;
  int threads = 0;
  bool skip_bad_ids = false;
};

Result<int> run(const GatherOptions& options) {
  const auto table = options.table.open();
  if (!table) return tl::make_unexpected(table.error());
  const auto ids = read_ids(options.ids);
  if (!ids) return tl::make_unexpected(ids.error());
  const auto dim = static_cast<size_t>(table->dim());
  const size_t count = ids->view().count;
  std::vector<float> out(count * dim);
  auto gathered = gather(*table, ids->view(), RowsOut(out, dim),
                         {options.threads, options.padding_id, policy_of(options.skip_bad_ids)});
  if (!gathered) return pass(gathered);
  if (auto written = write_npy(options.output, out, count, dim); !written) return pass(written);
  print_line(options.output, ": ", count, " rows x ", dim, skipped_text(*gathered));
  return 0;
}

}  // namespace

Verb gather_verb(CLI::App& command) {
  auto options = std::make_shared<GatherOptions>();
  CLI::App* verb = command.add_subcommand("gather", "Copy rows by id into a matrix");
  add_table_options(*verb, options->table);
  verb->add_option("--ids", options->ids, "The ids, an int32 or int64 .npy of any shape, taken in order")
      ->required();
  verb->add_option("--padding-id", options->padding_id,
                   "An id that stands for nothing: gives its row if it is one, else zeros");
  add_skip_option(*verb, options->skip_bad_ids);
  verb->add_option("--threads", options->threads, "Threads to use; 0 (default) is as many as there are CPUs")
      ->check(whole_number_from(0));
  verb->add_option("-o,--output", options->output, "The result, a float32 .npy of ids x dim")->required();
  verb->footer(
      "EXAMPLES\n"
      "  windrow gather items.safetensors --ids ids.npy -o rows.npy");
  return {verb, [options] { return run(*options); }};
}

}  // namespace windrow::tools
