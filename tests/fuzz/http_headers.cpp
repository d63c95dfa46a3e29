// Whether the headers of an answer are bounded over the whole exchange, and only what may be sent back is kept of them.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.hpp"
#include "net/http_headers.hpp"
#include "support/byte_reader.hpp"
#include "support/expect.hpp"

namespace authjwks {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto length = std::min(text.find('\n'), text.size() - 1) + 1;
        lines.push_back(text.substr(0, length));
        text.remove_prefix(length);
    }
    return lines;
}

void check_kept(const HttpHeaders& headers, const std::vector<std::string_view>& lines) {
    for (const std::string_view kept : {headers.version().etag, headers.version().last_modified}) {
        fuzz::expect(std::ranges::all_of(kept, [](char letter) { return letter >= ' ' && letter <= '~'; }),
                     "a validator can be sent back as it is");
        fuzz::expect(std::ranges::any_of(lines,
                                         [kept](std::string_view line) {
                                             return kept.empty() || line.find(kept) != std::string_view::npos;
                                         }) ||
                         lines.empty(),
                     "and was received");
    }
    const auto lifetime = headers.lifetime();
    fuzz::expect(!lifetime || (lifetime->count() >= 0 && *lifetime <= std::chrono::hours(200 * 24 * 365)),
                 "a lifetime is a stretch of time");
}

/// Whether a header whose name ends like this may be in the text.
bool may_name(std::string_view text, std::string_view end_of_name) {
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), to_lower);
    return lower.find(std::string(end_of_name) + ':') != std::string::npos;
}

void check(std::string_view text, bool repeats) {
    const auto lines = lines_of(text);
    HttpHeaders headers;
    std::size_t offered = 0;
    bool taken = true;
    do {
        for (const std::string_view line : lines) {
            offered += line.size();
            taken = headers.take(line);
            if (!taken) break;
            fuzz::expect(offered <= HttpHeaders::kMaxBytes, "no more is taken than the limit, however it is cut");
        }
    } while (taken && repeats && !lines.empty());
    fuzz::expect(taken || offered > HttpHeaders::kMaxBytes, "and nothing is refused below it");
    check_kept(headers, lines);
    fuzz::expect(headers.is_decodable() || may_name(text, "encoding"), "a body without an encoding needs no decoding");
    const auto wait = headers.retry_after();
    fuzz::expect(!wait || wait->count() >= 0, "nobody is asked again in the past");
    fuzz::expect(!wait || may_name(text, "retry-after"), "only a server that wants to be left alone is");
    fuzz::expect(!headers.lifetime() || may_name(text, "cache-control"), "a lifetime is one that the server names");
}

}  // namespace
}  // namespace authjwks

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    authjwks::fuzz::ByteReader input(data, size);
    const bool repeats = input.flag();
    authjwks::check(input.rest(), repeats);
    return 0;
}
