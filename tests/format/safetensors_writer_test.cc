#include <cstring>

#include "base/bytes.h"
#include "format/safetensors.h"
#include "support/catch.h"

using namespace windrow;
using safetensors::NewTensor;

namespace {

using Metadata = std::vector<std::pair<std::string, std::string>>;

std::string text_of(const safetensors::Layout& layout) {
  std::string text(reinterpret_cast<const char*>(layout.header.data()) + 8, layout.header.size() - 8);
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string refusal(const std::vector<NewTensor>& tensors, const Metadata& metadata = {}) {
  const auto layout = safetensors::lay_out(tensors, metadata);
  if (layout) return "";
  CHECK(layout.error().code == ErrorCode::kInvalidArgument);
  return layout.error().message;
}

bool says(const std::string& message, const char* part) {
  return message.find(part) != message.npos;
}

}  // namespace

TEST_CASE("safetensors lay_out: compact text, metadata first, fillers between, spaces behind", "[format]") {
  const std::vector<NewTensor> tensors = {
      {"_meta", "U8", {8192}}, {"weight", "F32", {3, 5}}, {"none", "I64", {0}}, {"checksum", "I64", {2}}};
  const auto layout = safetensors::lay_out(tensors, Metadata{{"format", "pt"}, {"windrow.version", "1"}});
  REQUIRE(layout);
  CHECK(text_of(*layout) == R"({"__metadata__":{"format":"pt","windrow.version":"1"},)"
                            R"("_meta":{"dtype":"U8","shape":[8192],"data_offsets":[0,8192]},)"
                            R"("weight":{"dtype":"F32","shape":[3,5],"data_offsets":[8192,8252]},)"
                            R"("_pad.0":{"dtype":"U8","shape":[4036],"data_offsets":[8252,12288]},)"
                            R"("none":{"dtype":"I64","shape":[0],"data_offsets":[12288,12288]},)"
                            R"("checksum":{"dtype":"I64","shape":[2],"data_offsets":[12288,12304]}})");
  CHECK(layout->header.size() == 4096);
  CHECK(load<uint64_t>(layout->header.data()) == 4088);
  CHECK(layout->header.back() == ' ');
  CHECK(layout->file_bytes == 4096 + 12304);
  REQUIRE(layout->tensors.size() == 4);
  CHECK(layout->tensors[1].name == "weight");
  CHECK(layout->tensors[1].begin == 4096 + 8192);
  CHECK(layout->tensors[1].end == 4096 + 8252);
}

TEST_CASE("safetensors lay_out: what is written is read back, every tensor on a page", "[format]") {
  std::vector<NewTensor> tensors;
  for (uint64_t i = 0; i < 200; ++i) tensors.push_back({"t" + std::to_string(i), "U8", {i * 97, 3}});
  const Metadata metadata = {{"quote\"back\\slash", "tab\tnul\x01 \x7F é"}, {"", "\r\n"}};
  const auto layout = safetensors::lay_out(tensors, metadata);
  REQUIRE(layout);
  CHECK(layout->header.size() % 4096 == 0);
  const auto header = safetensors::parse(layout->header, layout->file_bytes);
  REQUIRE(header);
  CHECK(header->metadata == std::map<std::string, std::string>(metadata.begin(), metadata.end()));
  CHECK(header->data_begin == layout->header.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    const safetensors::Tensor& placed = layout->tensors[i];
    const safetensors::Tensor* found = header->find(tensors[i].name);
    REQUIRE(found != nullptr);
    CHECK(placed.begin % 4096 == 0);
    CHECK(found->begin == placed.begin);
    CHECK(found->end == placed.end);
    CHECK(found->shape == tensors[i].shape);
  }
}

TEST_CASE("safetensors lay_out: the header grows by whole pages", "[format]") {
  // Text lengths around the end of the first page: 8 + length == 4096 is the last to fit.
  for (size_t length : {4087, 4088, 4089, 4090}) {
    const std::string frame = R"({"__metadata__":{"k":""}})";
    const auto layout = safetensors::lay_out({}, Metadata{{"k", std::string(length - frame.size(), 'x')}});
    REQUIRE(layout);
    CHECK(text_of(*layout).size() == length);
    CHECK(layout->header.size() == (length <= 4088 ? 4096 : 8192));
    CHECK(safetensors::parse(layout->header, layout->file_bytes));
  }
}

TEST_CASE("safetensors lay_out: without metadata and tensors there is still a valid file", "[format]") {
  const auto layout = safetensors::lay_out({}, {});
  REQUIRE(layout);
  CHECK(text_of(*layout) == "{}");
  CHECK(layout->file_bytes == 4096);
}

TEST_CASE("safetensors lay_out: bad names, dtypes and metadata are refused", "[format]") {
  CHECK(says(refusal({{"a", "F32", {1}}, {"b", "F32", {1}}, {"a", "U8", {1}}}), "'a' is given twice"));
  CHECK(says(refusal({{"\xFF", "F32", {1}}}), "not UTF-8"));
  CHECK(says(refusal({{"__metadata__", "F32", {1}}}), "reserved"));
  CHECK(says(refusal({{"_pad.0", "U8", {1}}}), "reserved"));
  CHECK(says(refusal({{"a", "float", {1}}}), "unknown dtype 'float'"));
  CHECK(says(refusal({{"a", "F4", {3}}}), "whole byte"));
  CHECK(says(refusal({}, {{"k", "1"}, {"k", "2"}}), "'k' is given twice"));
  CHECK(says(refusal({}, {{"k", "\xC3"}}), "not UTF-8"));
  CHECK(says(refusal({}, {{"\xC3", "v"}}), "not UTF-8"));
}

TEST_CASE("safetensors lay_out: sizes of 2^48 bytes and more are refused", "[format]") {
  const uint64_t limit = uint64_t{1} << 48;
  CHECK(says(refusal({{"a", "U8", {limit}}}), "2^48"));
  CHECK(says(refusal({{"a", "F32", {limit / 4}}}), "2^48"));
  CHECK(says(refusal({{"a", "F32", {UINT64_MAX, UINT64_MAX}}}), "2^48"));
  CHECK(says(refusal({{"a", "F32", {0, limit}}}), "2^48"));
  CHECK(says(refusal({{"a", "U8", {limit / 2}}, {"b", "U8", {limit / 2}}}), "2^48"));
  CHECK(refusal({{"a", "U8", {limit - 1}}}).empty());
}
