#pragma once

#include <windrow/trainer.h>

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "support/simulated_files.h"

// Random programs of a trainer on a machine that stops again and again, also while a table is being put right: after
// each opening the table must be a checkpoint, and not an older one than the last that was made.

struct CrashModel {
  uint64_t seed = 0;
  windrow::Durability durability = windrow::Durability::kPower;
  bool power_cuts = true;  // else the process ends and the system goes on
  Disobedience disobedience = {};
};

struct CrashOutcome {
  std::string violation;  // empty: everything was as promised
  int lives = 0;
  int put_back = 0;       // openings that put rows back
  bool unclean = false;   // the table was refused, as it had to be
};

CrashOutcome run_crash_model(const CrashModel& model);
