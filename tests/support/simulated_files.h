#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "io/file.h"

// Files in memory, for tests of what outlives the end of a process or a loss of power.
//
// Every file has what programs see, and what the disk holds; so has the folder. Stores through a mapping, writes
// and renames change the former, syncs bring it to the disk, and now and then sectors get there by themselves.
// After a number of calls that change something the machine stops, in the middle of the last one; from there on
// every call fails, and stores change nothing that matters. start_again() is the next life, on what was left:
//
//   of the end of a process, everything that was written; of stores since the last call any subset, by words
//   of a loss of power, what is on the disk: each sector of 512 bytes that was not synced is old or new or, of
//   a file that was being written, garbage; each name in the folder that was not synced is old or new
//
// Deterministic by its seed. Not for several threads.

enum class End { kProcess, kPower };

// What a disobedient machine leaves undone: mutants of the protocol, which tests must notice.
struct Disobedience {
  bool sync_of_table = false;
  bool sync_of_journals = false;
  bool sync_of_folder = false;
  bool durable_write = false;     // is a write like others
  bool write_of_journals = false;
};

class SimulatedFiles : public windrow::io::FileSystem {
 public:
  explicit SimulatedFiles(uint64_t seed, Disobedience disobedience = {});
  ~SimulatedFiles() override;

  // A file that is on the disk.
  void put(const std::string& path, std::span<const uint8_t> bytes);
  // What programs see; empty if there is no such file.
  std::vector<uint8_t> get(const std::string& path) const;

  // The call number `calls` from here on is the last one, and is done in part.
  void end_at(uint64_t calls, End end);
  bool has_ended() const { return ended_; }
  uint64_t calls() const { return calls_; }
  void start_again();

  windrow::Result<std::unique_ptr<windrow::io::File>> open(const std::string& path,
                                                           windrow::io::Access access) override;
  windrow::Result<bool> exists(const std::string& path) const override;
  windrow::Result<windrow::io::FileId> id_of(const std::string& path) const override;
  windrow::Result<void> rename(const std::string& from, const std::string& to) override;
  windrow::Result<void> remove(const std::string& path) override;
  windrow::Result<void> sync_folder_of(const std::string& path) override;
  windrow::Result<std::vector<std::string>> list_folder_of(const std::string& path) const override;
  std::string resolve(const std::string& path) const override { return path; }
  std::array<uint8_t, 16> boot_id() const override;
  uint64_t random64() override { return random_(); }

 private:
  friend class SimulatedFile;
  struct Node;
  using Names = std::map<std::string, std::shared_ptr<Node>>;

  // Counts a call that changes something. False: this is the last one, or behind it.
  bool begin_call();
  bool one_in(uint64_t n) { return random_() % n == 0; }
  void write_back_some();
  void remember_mapped();
  void stop();  // takes down what is left
  void leave_process();
  void leave_power();
  std::vector<uint8_t> left_of_process(const Node& node);
  std::vector<uint8_t> left_of_power(const Node& node);

  std::mt19937_64 random_;
  Disobedience disobedience_;
  Names seen_, on_disk_;
  uint64_t calls_ = 0, last_call_ = UINT64_MAX;
  uint64_t boots_ = 1;
  End end_ = End::kProcess;
  bool ended_ = false;
  struct Left {
    std::vector<uint8_t> seen, on_disk;
    bool is_named = true, is_named_on_disk = true;
  };
  std::map<std::string, Left> left_;
};
