#include "factorize_generate.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <numeric>
#include <unordered_set>
#include <vector>

#include "example_alias_table.h"
#include "example_random.h"
#include "factorize_tables.h"

namespace examples::factorize {

namespace {

constexpr size_t kTastes = 6;  // the dimension of the sphere's space
using Point = std::array<float, kTastes>;
constexpr size_t kClusters = 24;
constexpr float kSpread = 0.5f;    // of a cluster
constexpr float kStrength = 7;     // of tastes: the length of a user
constexpr double kItemPower = 0.8, kItemHead = 20;
constexpr double kUserPower = 0.6, kUserHead = 10;
constexpr int64_t kLeast = 5;      // interactions of a user
constexpr int kMostDraws = 20000;  // for one of them
constexpr int64_t kFirstTime = 1700000000, kTimes = 365 * 24 * 3600;

enum Part : uint64_t { kCentres, kItems, kUsers, kOrder, kDraws };

float dot(const Point& a, const Point& b) { return std::inner_product(a.begin(), a.end(), b.begin(), 0.0f); }

// By Box and Muller (1958).
float normal(Random& random) {
  const float radius = std::sqrt(-2 * std::log(1 - random.uniform()));
  return radius * std::cos(6.2831853f * random.uniform());
}

Point point_near(const Point& centre, float spread, Random& random) {
  Point point;
  for (size_t i = 0; i < kTastes; ++i) point[i] = centre[i] + spread * normal(random);
  const float length = std::sqrt(dot(point, point));
  for (float& value : point) value /= length;
  return point;
}

std::vector<Point> clustered(size_t count, const std::vector<Point>& centres, uint64_t seed, Part part) {
  Random random = Random::of_piece(seed, part);
  std::vector<Point> points;
  for (size_t i = 0; i < count; ++i) {
    points.push_back(point_near(centres[random.below(static_cast<uint32_t>(centres.size()))], kSpread, random));
  }
  return points;
}

// (rank + head)^-power for ranks in random order.
std::vector<double> power_law(size_t count, double head, double power, Random& random) {
  std::vector<double> weights(count);
  for (size_t rank = 0; rank < count; ++rank) weights[rank] = std::pow(static_cast<double>(rank) + head, -power);
  for (size_t i = count - 1; i > 0; --i) std::swap(weights[i], weights[random.below(static_cast<uint32_t>(i + 1))]);
  return weights;
}

struct World {
  std::vector<Point> users, items;
  std::vector<double> popularity;
  std::vector<int64_t> activity;
};

World make_world(const GeneratorOptions& options) {
  World world;
  const auto users = static_cast<size_t>(options.users), items = static_cast<size_t>(options.items);
  Random random = Random::of_piece(options.seed, kCentres);
  std::vector<Point> centres;
  for (size_t i = 0; i < kClusters; ++i) centres.push_back(point_near({}, 1, random));
  world.users = clustered(users, centres, options.seed, kUsers);
  world.items = clustered(items, centres, options.seed, kItems);
  Random order = Random::of_piece(options.seed, kOrder);
  world.popularity = power_law(items, kItemHead, kItemPower, order);
  const auto shares = power_law(users, kUserHead, kUserPower, order);
  const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (const double share : shares) {
    const auto wanted = static_cast<int64_t>(share / total * static_cast<double>(options.interactions) + 0.5);
    // Nobody knows more than a quarter of all there is.
    world.activity.push_back(std::min(std::max(wanted, kLeast), std::max<int64_t>(options.items / 4, 1)));
  }
  return world;
}

struct Event {
  int64_t time;
  int32_t user, item;
  int8_t rating;
};

// By rejection: items come by popularity, and exp(user . item) is at most exp(kStrength).
std::vector<Event> draw_events(const World& world, uint64_t seed) {
  const AliasTable popular(world.popularity);
  std::vector<Event> events;
  std::unordered_set<int32_t> taken;
  for (size_t user = 0; user < world.users.size(); ++user) {
    Random random = Random::of_piece(seed, kDraws + user);
    taken.clear();
    for (int64_t n = 0; n < world.activity[user]; ++n) {
      for (int draws = 0; draws < kMostDraws; ++draws) {
        const auto item = popular.draw(random);
        const float closeness = dot(world.users[user], world.items[static_cast<size_t>(item)]);
        if (random.uniform() >= std::exp(kStrength * (closeness - 1)) || !taken.insert(item).second) continue;
        const auto rating = std::clamp(std::lround(3 + 2 * closeness + 0.7f * normal(random)), 1L, 5L);
        const auto time = kFirstTime + static_cast<int64_t>(random.below(kTimes));
        events.push_back({time, static_cast<int32_t>(user), item, static_cast<int8_t>(rating)});
        break;
      }
    }
  }
  std::stable_sort(events.begin(), events.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
  return events;
}

Result<void> write_log(const std::string& path, const std::vector<Event>& events) {
  errno = 0;
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "w"), std::fclose);
  if (!file) return fail_system(errno, path, "create");
  for (const auto& event : events) {
    std::fprintf(file.get(), "u%d\ti%d\t%d\t%lld\n", event.user, event.item, event.rating,
                 static_cast<long long>(event.time));
  }
  if (std::fflush(file.get()) != 0 || std::ferror(file.get())) {
    const int error = errno;
    std::remove(path.c_str());
    return fail_system(error, path, "write");
  }
  return {};
}

Result<void> write_points(const std::string& path, char letter, const std::vector<Point>& points, float scale,
                          const std::function<float(size_t)>& last) {
  std::vector<std::string> names;
  for (size_t i = 0; i < points.size(); ++i) names.push_back(letter + std::to_string(i));
  const std::vector<std::string_view> views(names.begin(), names.end());
  return write_table(path, kTastes + 1, views, {}, [&](size_t row, std::span<float> values) {
    for (size_t i = 0; i < kTastes; ++i) values[i] = scale * points[row][i];
    values[kTastes] = last(row);
  });
}

Result<void> write_truth(const std::string& folder, const World& world) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail_system(error.value(), folder, "create");
  auto written = write_points(truth_users(folder), 'u', world.users, kStrength, [](size_t) { return 1.0f; });
  if (!written) return written;
  return write_points(truth_items(folder), 'i', world.items, 1,
                      [&](size_t row) { return static_cast<float>(std::log(world.popularity[row])); });
}

}  // namespace

std::string truth_users(const std::string& folder) { return folder + "/users.safetensors"; }
std::string truth_items(const std::string& folder) { return folder + "/items.safetensors"; }

Result<void> generate(const std::string& path, const std::string& truth, const GeneratorOptions& options) {
  const World world = make_world(options);
  if (auto written = write_log(path, draw_events(world, options.seed)); !written) return written;
  if (truth.empty()) return {};
  return write_truth(truth, world);
}

}  // namespace examples::factorize
