// What every test includes and none changes, compiled once for each program. A file includes what it uses all the same.

#include "support/catch.h"
