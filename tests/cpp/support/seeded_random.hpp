// Random choices that are the same in every run, on every platform.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>

namespace authjwks::support {

class SeededRandom {
  public:
    explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}

    /// In [0, end).
    std::size_t below(std::size_t end) { return static_cast<std::size_t>(engine_() % end); }
    std::int64_t between(std::int64_t least, std::int64_t most) {
        return least + static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(most - least + 1));
    }
    bool one_in(std::size_t n) { return below(n) == 0; }
    /// In [0, 1).
    double share() { return static_cast<double>(engine_() >> 11U) / 9007199254740992.0; }
    template <class List>
    const auto& pick(const List& list) {
        return list[below(list.size())];
    }

  private:
    std::mt19937_64 engine_;
};

}  // namespace authjwks::support
