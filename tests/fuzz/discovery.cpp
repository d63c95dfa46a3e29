// Whether keys come only from where the issuer's own metadata says, over https, in a few requests.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ascii.hpp"
#include "keys/discovery.hpp"
#include "support/byte_reader.hpp"
#include "support/curl_view.hpp"
#include "support/expect.hpp"
#include "support/issued.hpp"
#include "support/json_model.hpp"
#include "support/url_model.hpp"

namespace authjwks {
namespace {

constexpr std::string_view kIssuer = "https://issuer.example/realm", kDirect = "https://keys.example/jwks";
constexpr char kSeparator = '\n';  // between the texts of an input

struct Asked {
    HttpRequest request;
    long status = 0;  // 0: no answer came
    std::string body;
};

/// A network that answers as the fuzzer says, and records the requests.
class ScriptedNetwork {
  public:
    explicit ScriptedNetwork(fuzz::ByteReader& script) : script_(script) {}

    Result<HttpResponse, FetchFailure> answer(const HttpRequest& request) {
        asked_.push_back({request, 0, {}});
        constexpr std::array<long, 8> statuses{200, 200, 200, 304, 404, 503, 405, 0};
        const long status = statuses[script_.choice(statuses.size())];
        if (status == 0) return FetchFault::unreachable;
        asked_.back().status = status;
        asked_.back().body = body();
        const std::chrono::seconds seconds(script_.byte());
        return HttpResponse{.status = status,
                            .body = asked_.back().body,
                            .lifetime = seconds,
                            .version = {.etag = std::string(script_.text_until(kSeparator)), .last_modified = {}},
                            .retry_after = seconds};
    }
    const std::vector<Asked>& asked() const { return asked_; }

  private:
    std::string body() {
        const auto kind = script_.choice(4);
        if (kind == 0) return std::string(fuzz::kIssuedKeys);
        const std::string text(script_.text_until(kSeparator));
        if (kind == 1) return R"({"issuer":")" + std::string(kIssuer) + R"(","jwks_uri":")" + text + "\"}";
        return text;
    }

    fuzz::ByteReader& script_;
    std::vector<Asked> asked_;
};

LocationOptions location(std::size_t which, bool allow_http) {
    LocationOptions options;
    options.allow_http = allow_http;
    if (which != 3) options.issuer = kIssuer;
    if (which == 1) options.discovery_url = allow_http ? "http://metadata.example/doc" : "https://metadata.example/doc";
    if (which == 2) options.jwks_uri = kDirect;
    if (which == 3) options.discovery_url = "https://metadata.example/doc";
    if (which == 3 && allow_http) options.credential_hosts = {"keys.example:8443"};
    return options;
}

/// Where the location of the keys is known, it may be asked in vain first.
std::size_t most_requests(const LocationOptions& options, bool is_located) {
    if (options.jwks_uri) return 1;
    return (options.discovery_url ? 2U : 3U) + (is_located ? 1U : 0U);
}

bool is_located(const LoadRequest& request) {
    return request.known.location && request.now < request.known.location->found_at + request.max_location_age;
}

/// Whether `metadata`, after a byte order mark if there is one, leads from `issuer` to `url`.
bool names(std::string_view metadata, const std::optional<std::string>& issuer, const std::string& url) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (metadata.starts_with(byte_order_mark)) metadata.remove_prefix(byte_order_mark.size());
    const auto document = fuzz::JsonModel::read(metadata);
    if (!document || document->object() == nullptr) return false;
    const auto is_text = [&document](std::string_view name, const std::string& expected) {
        const auto* const member = document->member(name);
        return member != nullptr && member->text() != nullptr && *member->text() == expected;
    };
    return is_text("jwks_uri", url) && (!issuer || is_text("issuer", *issuer));
}

std::string origin_of(const std::string& url) {
    std::string origin;
    for (const CURLUPart part : {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT})
        origin += fuzz::part_by_curl(url, part) + ' ';
    std::ranges::transform(origin, origin.begin(), to_lower);
    return origin;
}

/// Whether the configuration may intend the headers and certificate for this server too.
bool may_have_credentials(const std::string& url, const LocationOptions& options) {
    const auto& configured = options.jwks_uri        ? options.jwks_uri
                             : options.discovery_url ? options.discovery_url
                                                     : options.issuer;
    return origin_of(url) == origin_of(*configured) ||
           std::ranges::any_of(options.credential_hosts, [&url](const std::string& host) {
               return origin_of(url) == origin_of("https://" + host);
           });
}

void check_requests(const std::vector<Asked>& asked, const LocationOptions& options, const LoadRequest& request) {
    fuzz::expect(asked.size() <= most_requests(options, is_located(request)), "an issuer is asked a few times at most");
    for (const Asked& each : asked) {
        fuzz::expect(fuzz::may_be_fetched(each.request.url, options.allow_http), "only URLs to fetch from are asked");
        fuzz::expect(each.request.no_cache == request.no_cache && each.request.deadline == request.deadline,
                     "caches and time are as demanded");
        fuzz::expect(each.request.send_credentials == may_have_credentials(each.request.url, options),
                     "credentials are for the servers that were configured");
        if (each.request.known.has_any())
            fuzz::expect(!request.no_cache && each.request.url == request.known.url,
                         "validators are sent to their own URL");
    }
    for (std::size_t i = 1; i < asked.size(); ++i) {
        const auto &before = asked[i - 1], &after = asked[i];
        const bool is_lead = i > 1 || !is_located(request);  // and not the keys that were asked for in vain
        if (is_lead && fuzz::has_scheme(before.request.url, "https"))
            fuzz::expect(fuzz::has_scheme(after.request.url, "https"), "what came by https never leads to http");
        if (after.request.url.find("/.well-known/oauth") != std::string::npos)
            fuzz::expect(before.status == 404 || before.status == 405 || before.status == 200,
                         "RFC 8414 is for want of another document, or the metadata names that URL");
    }
}

bool is_printable(const std::string& text) {
    return std::ranges::all_of(text, [](char letter) { return letter >= ' ' && letter <= '~'; });
}

void check_failure(const FetchFailure& failure, const std::vector<Asked>& asked) {
    constexpr std::size_t longest = 200;
    fuzz::expect(failure.url.size() <= longest + 3, "a URL is short enough for a log");
    const auto of = std::ranges::find_if(asked, [&failure](const Asked& each) {
        return each.request.url.substr(0, longest) == failure.url.substr(0, longest);
    });
    fuzz::expect(of != asked.end(), "and one that was asked");
    for (const std::string& text : {failure.url, failure.cause, failure.hint})
        fuzz::expect(is_printable(text) && text.size() <= 2 * longest, "what a log gets is short and printable");
    fuzz::expect(!failure.retry_after || failure.status == 503, "a server that is busy says for how long");
    fuzz::expect(
        std::ranges::any_of(
            asked, [&failure](const Asked& each) { return failure.status == 0 || each.status == failure.status; }),
        "a status was received");
}

void check_result(const LoadedKeys& loaded, const std::vector<Asked>& asked, const LocationOptions& options,
                  const LoadRequest& request) {
    fuzz::expect(!asked.empty(), "keys come from a server");
    const Asked& last = asked.back();
    fuzz::expect(loaded.origin.url == last.request.url, "keys come from the last URL that was asked");
    if (options.jwks_uri) fuzz::expect(last.request.url == options.jwks_uri, "which is the one that was configured");
    if (!options.jwks_uri) {
        const auto& location = loaded.origin.location;
        fuzz::expect(location && location->jwks_uri.text() == last.request.url, "or is found in metadata");
        if (asked.size() == 1) {
            fuzz::expect(is_located(request), "that is young");
            fuzz::expect(location->found_at == request.known.location->found_at, "and grows older");
        } else {
            const Asked& metadata = asked[asked.size() - 2];
            fuzz::expect(metadata.status == 200, "that came");
            fuzz::expect(names(metadata.body, options.issuer, last.request.url), "from the issuer and names the URL");
        }
    }
    const bool is_unchanged = last.status == 304 && last.request.known.has_any();
    fuzz::expect(last.status == 200 || is_unchanged, "only an answer brings keys");
    if (!loaded.keys)
        fuzz::expect(is_unchanged || last.body == request.known.body, "keys are the same only if the answer says so");
    else
        fuzz::expect(last.status == 200 && bool(KeySet::parse(last.body, {})), "keys are those of the answer");
    if (loaded.keys) fuzz::expect(!loaded.keys->usable().empty(), "and can be used");
}

/// The keys at hand, and by that number: not where they were found; so a minute ago; so too long ago.
void know(LoadRequest& request, std::size_t which) {
    request.now = Tick(std::chrono::hours(1000));
    request.known = {.url = std::string(kDirect),
                     .body = std::string(fuzz::kIssuedKeys),
                     .version = {.etag = "\"1\"", .last_modified = {}}};
    if (which == 0) return;
    request.known.location = FoundLocation{*Url::parse(kDirect, false), {}, request.now - std::chrono::minutes(1)};
    request.max_location_age = std::chrono::minutes(which == 1 ? 60 : 1);
}

void check(fuzz::ByteReader& input) {
    const auto which = input.choice(4);
    const LocationOptions options = location(which, input.flag());
    LoadRequest request{.deadline = Tick(std::chrono::hours(1)), .no_cache = input.flag()};
    if (input.flag()) know(request, input.choice(3));
    ScriptedNetwork network(input);
    const auto loaded =
        KeyLocation(options).load([&network](const HttpRequest& asked) { return network.answer(asked); }, request);
    check_requests(network.asked(), options, request);
    loaded ? check_result(*loaded, network.asked(), options, request) : check_failure(loaded.error(), network.asked());
}

}  // namespace
}  // namespace authjwks

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    authjwks::fuzz::ByteReader input(data, size);
    authjwks::check(input);
    return 0;
}
