// Lets libFuzzer change what a token says instead of how it is encoded: one part is decoded, mutated and encoded again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "support/base64url_model.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned int seed) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const unsigned int which = seed % 4;
    std::size_t begin = 0;
    for (unsigned int dots = 0; dots < which; ++dots) begin = std::min(text.find('.', begin), size - 1) + 1;
    const auto part = text.substr(begin, text.substr(begin).find('.'));
    auto bytes = authjwks::fuzz::from_base64url(part);
    if (size == 0 || which == 3 || !bytes) return LLVMFuzzerMutate(data, size, max_size);
    const std::size_t before = bytes->size(), at_most = before + 64;
    bytes->resize(at_most);
    bytes->resize(LLVMFuzzerMutate(reinterpret_cast<std::uint8_t*>(bytes->data()), before, at_most));
    const std::string mutated = std::string(text.substr(0, begin)) + authjwks::fuzz::to_base64url(*bytes) +
                                std::string(text.substr(begin + part.size()));
    const std::size_t mutated_size = std::min(mutated.size(), max_size);
    std::copy_n(mutated.begin(), mutated_size, data);
    return mutated_size;
}
