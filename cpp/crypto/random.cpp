#include "crypto/random.hpp"

#include <stdexcept>

#include <openssl/rand.h>

#include "crypto/fork_safe_section.hpp"

namespace authjwks::crypto {

void fill_with_random(std::span<std::byte> bytes) {
    const ForkSafeSection section;
    if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(bytes.size())) != 1)
        throw std::runtime_error("the cryptographic library has no random numbers");
}

}  // namespace authjwks::crypto
