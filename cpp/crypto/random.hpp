// Random numbers that nobody can guess.
#pragma once

#include <cstddef>
#include <span>

namespace authjwks::crypto {

/// Fills `bytes`. @throws std::runtime_error when the library has no random numbers.
void fill_with_random(std::span<std::byte> bytes);

}  // namespace authjwks::crypto
