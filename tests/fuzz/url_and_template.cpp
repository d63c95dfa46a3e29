// Whether a URL that is accepted is one to fetch keys from, and a template's tenant never chooses the server.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "jose/issuer_template.hpp"
#include "net/url.hpp"
#include "support/byte_reader.hpp"
#include "support/curl_view.hpp"
#include "support/expect.hpp"
#include "support/url_model.hpp"

namespace authjwks {
namespace {

constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

void check_url(std::string_view text, bool allow_http) {
    const auto url = Url::parse(text, allow_http);
    if (!url) return;
    fuzz::expect(url->text() == text, "a URL is kept as it was written");
    fuzz::expect(fuzz::may_be_fetched(text, allow_http), "only URLs to fetch from are accepted");
    fuzz::expect(url->is_secure() == fuzz::has_scheme(text, "https"), "https and http are distinguished");
}

std::optional<IssuerTemplate> made_from(std::string_view text) {
    try {
        return IssuerTemplate(text);
    } catch (const std::invalid_argument&) {
        return std::nullopt;
    }
}

std::size_t labels_in(std::string_view host) {
    std::size_t labels = 0;
    for (std::size_t i = 0; i < host.size(); ++i) labels += host[i] != '.' && (i == 0 || host[i - 1] == '.') ? 1 : 0;
    return labels;
}

/// Whether the last label is a number, so that the host is an IPv4 address, whatever its first labels are.
bool ends_in_number(std::string_view host) {
    host = host.substr(0, host.find_last_not_of('.') + 1);
    const auto last = host.substr(host.rfind('.') + 1);
    return !last.empty() && (last.starts_with("0x") || last.starts_with("0X") ||
                             last.find_first_not_of("0123456789") == std::string_view::npos);
}

/// Holds the server of a tenant's issuer against that of the template.
void check_server(std::string_view text, std::string_view tenant, const std::string& issuer) {
    const auto authority = fuzz::authority_of(text);
    const auto gap = authority.find(IssuerTemplate::kGap);
    const std::string server = fuzz::part_by_curl(issuer, CURLUPART_HOST);
    if (gap == std::string_view::npos) {
        std::string other(text);
        other.replace(text.find(IssuerTemplate::kGap), IssuerTemplate::kGap.size(), "x");
        return fuzz::expect(server == fuzz::part_by_curl(other, CURLUPART_HOST),
                            "a tenant in the path leaves the server as it is");
    }
    const auto behind = authority.substr(gap + IssuerTemplate::kGap.size());
    const std::string fixed(behind.substr(0, behind.find(':')));
    fuzz::expect(labels_in(fixed) >= 2 && fixed.starts_with('.'), "two labels behind the tenant are fixed");
    fuzz::expect(tenant.find('.') == std::string_view::npos, "the tenant is one label more");
    fuzz::expect(!ends_in_number(fixed), "and are no part of an address");
    if (authority.find('%') == std::string_view::npos)  // which libcurl decodes
        fuzz::expect(server == std::string(authority.substr(0, gap)).append(tenant) + fixed, "and are the server's");
}

void check_template(std::string_view text, std::string_view tenant, std::string_view other) {
    const auto pattern = made_from(text);
    if (!pattern) return;
    const auto gap = text.find(IssuerTemplate::kGap);
    fuzz::expect(gap != std::string_view::npos, "a template has a gap");
    const auto before = text.substr(0, gap), after = text.substr(gap + IssuerTemplate::kGap.size());
    fuzz::expect(
        before.find_first_of("{}") == std::string_view::npos && after.find_first_of("{}") == std::string_view::npos,
        "and just one");

    const std::string issuer = std::string(before).append(tenant).append(after);
    const auto is_word = [tenant](std::string_view marks) {
        return !tenant.empty() && tenant.size() <= 64 && kPlain.find(tenant[0]) != std::string_view::npos &&
               tenant.find_first_not_of(std::string(kPlain).append(marks)) == std::string_view::npos;
    };
    const bool is_tenant = pattern->matches(issuer);
    fuzz::expect(is_tenant ? is_word("-_.") : !is_word("-"), "a tenant is a plain word");
    if (pattern->matches(other))
        fuzz::expect(other.size() > before.size() + after.size() && other.starts_with(before) && other.ends_with(after),
                     "what matches has the template's fixed parts");
    if (is_tenant && Url::parse(pattern->example(), true) && Url::parse(issuer, true))
        check_server(text, tenant, issuer);
}

}  // namespace
}  // namespace authjwks

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    authjwks::fuzz::ByteReader input(data, size);
    const bool allow_http = input.flag();
    const auto text = input.text_until('\n'), tenant = input.text_until('\n'), other = input.text_until('\n');
    authjwks::check_url(text, allow_http);
    authjwks::check_template(text, tenant, other);
    return 0;
}
