// The main function of every test program with Catch2 v2. With v3 it comes from the library catch2-with-main.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
