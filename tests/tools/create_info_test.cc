#include <nlohmann/json.hpp>

#include "support/catch.h"
#include "tools/command.h"

TEST_CASE("create: a table, and what info says about it", "[tools]") {
  const TemporaryFolder folder;
  const auto created = windrow_command(
      folder, {"create", "t.safetensors", "--rows", "10", "--dim", "3", "--init", "constant:0.5",
               "--optimizer", "adagrad", "--initial-accumulator", "0.1", "--seed", "7"});
  INFO(created.err);
  CHECK(created.status == 0);
  CHECK(folder.entries() == 1);
  const auto row = windrow_command(folder, {"lookup", "t.safetensors", "9"});
  CHECK(row.out == "9 0.5 0.5 0.5\n");

  const auto text = windrow_command(folder, {"info", "t.safetensors"});
  CHECK(text.status == 0);
  CHECK(text.says("10 x 3"));
  CHECK(text.says("clean"));
  const auto json = nlohmann::json::parse(windrow_command(folder, {"info", "t.safetensors", "--json"}).out);
  CHECK(json["kind"] == "windrow");
  CHECK(json["rows"] == 10);
  CHECK(json["dim"] == 3);
  CHECK(json["optimizer"] == "adagrad");
  CHECK(json["step_count"] == 0);
  CHECK(json["clean"] == true);
  CHECK(json["mixed"] == false);
  CHECK(json["vocabulary"] == 0);
  CHECK(json["metadata"]["windrow.seed"] == "7");
  CHECK(json["uuid"].get<std::string>().size() == 36);
  CHECK(json["file_bytes"] == read_text(folder / "t.safetensors").size());
}

TEST_CASE("create: the same seed gives the same rows, another one others", "[tools]") {
  const TemporaryFolder folder;
  const auto row = [&](const std::string& name, const std::string& seed) {
    REQUIRE(windrow_command(folder, {"create", name, "--rows", "100", "--dim", "8", "--seed", seed}).status ==
            0);
    return windrow_command(folder, {"lookup", name, "99"}).out;
  };
  const std::string first = row("a.safetensors", "1");
  CHECK(row("b.safetensors", "1") == first);
  CHECK(row("c.safetensors", "2") != first);
}

TEST_CASE("create: an existing file is replaced only when forced", "[tools]") {
  const TemporaryFolder folder;
  write_bytes(folder / "t.safetensors", "precious");
  const std::vector<std::string> create = {"create", "t.safetensors", "--rows", "1", "--dim", "1"};
  const auto refused = windrow_command(folder, create);
  CHECK(refused.status == 1);
  CHECK(refused.says("--force"));
  CHECK(read_text(folder / "t.safetensors") == "precious");
  auto forced = create;
  forced.push_back("--force");
  CHECK(windrow_command(folder, forced).status == 0);
  CHECK(windrow_command(folder, {"info", "t.safetensors"}).status == 0);
  CHECK(folder.entries() == 1);
}

TEST_CASE("create: rows of every format", "[tools]") {
  const TemporaryFolder folder;
  const auto json = [&](std::vector<std::string> more) {
    std::vector<std::string> create = {"create", "t.safetensors", "--rows", "10", "--dim",
                                       "40",     "--force",       "--seed", "1"};
    create.insert(create.end(), more.begin(), more.end());
    const auto outcome = windrow_command(folder, create);
    INFO(outcome.err);
    CHECK(outcome.status == 0);
    return nlohmann::json::parse(windrow_command(folder, {"info", "t.safetensors", "--json"}).out);
  };
  const auto bytes = [&](const std::string& format) {
    const auto info = json({"--row-format", format});
    CHECK(info["row_format"] == format);
    CHECK(info["metadata"]["windrow.row_format"] == format);
    return info["stride_bytes"].get<int>();
  };
  CHECK(bytes("f32") == 160);
  CHECK(bytes("f16") == 80);
  CHECK(bytes("bf16") == 80);
  CHECK(bytes("fp8_e4m3") == 44);  // with a scale
  CHECK(bytes("fp8_e5m2") == 44);
  CHECK(bytes("int8") == 48);
  CHECK(bytes("int4") == 24);
  CHECK(bytes("int2") == 14);
  CHECK(json({"--row-format", "fp8_e4m3", "--scale", "none"})["stride_bytes"] == 40);
  CHECK(json({"--row-format", "int4", "--align-rows"})["stride_bytes"] == 64);
  const auto blocks = json({"--row-format", "fp8_e5m2", "--scale", "block:32", "--scale-type", "ue8m0"});
  CHECK(blocks["stride_bytes"] == 42);
  CHECK(blocks["scale_type"] == "ue8m0");
  CHECK(blocks["scale_columns"] == 32);
  CHECK(blocks["metadata"]["windrow.scale"] == "ue8m0:32");
  CHECK(windrow_command(folder, {"info", "t.safetensors"}).says("ue8m0, one for every 32 columns"));
}

TEST_CASE("create: sizes that make no sense and targets that cannot be", "[tools]") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "sub");
  const auto fails = [&](const std::string& path, const std::string& rows, const std::string& dim) {
    const auto outcome = windrow_command(folder, {"create", path, "--rows", rows, "--dim", dim, "--force"});
    CAPTURE(path, rows, dim, outcome.err);
    CHECK(outcome.status == 1);
    CHECK(outcome.err.rfind("windrow: ", 0) == 0);
  };
  fails("t.safetensors", "-5", "3");
  fails("t.safetensors", "5", "0");
  fails("t.safetensors", "5", "-1");
  fails("t.safetensors", "9223372036854775807", "2147483647");
  fails("t.safetensors", "5", "9223372036854775807");
  fails("t.safetensors", "1152921504606846976", "16");
  fails("sub", "5", "3");
  fails("nowhere/t.safetensors", "5", "3");
  fails("/dev/null", "5", "3");
  CHECK(folder.entries() == 1);
  CHECK(std::filesystem::is_character_file("/dev/null"));
}

TEST_CASE("info: files of others are opened in place", "[tools]") {
  const TemporaryFolder folder;
  write_array<float>(folder / "a.npy", "<f4", {3, 2}, {1, 2, 3, 4, 5, 6});
  const auto npy = nlohmann::json::parse(windrow_command(folder, {"info", "a.npy", "--json"}).out);
  CHECK(npy["kind"] == "npy");
  CHECK(npy["rows"] == 3);
  const std::string header = R"({"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}})";
  write_bytes(folder / "b.safetensors", std::string(1, static_cast<char>(header.size())) +
                                            std::string(7, '\0') + header + std::string(8, '\0'));
  const auto other = windrow_command(folder, {"info", "b.safetensors"});
  CHECK(other.status == 0);
  CHECK(other.says("safetensors file, opened in place"));
}
