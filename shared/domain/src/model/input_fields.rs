//! Every field that some platform can set, as dotted paths; a test beside the types holds the tables to them.

use super::Entity;

impl Entity {
    /// The dotted paths of every field that some platform can set. `.*` is open below: its keys are the caller's.
    #[must_use]
    pub fn input_fields(self) -> &'static [&'static str] {
        match self {
            Self::Products => PRODUCT,
            Self::Orders => ORDER,
            Self::Customers => CUSTOMER,
            Self::Categories => &["name", "parent_id", "slug", "position", "visible"],
            Self::Inventory => &["available", "location_id"],
            Self::Baskets => &["lines.id", "lines.product_id", "lines.variant_id", "lines.quantity"],
        }
    }

    /// The fields without which none can be created; a platform may need more.
    #[must_use]
    pub fn required_fields(self) -> &'static [&'static str] {
        match self {
            Self::Products | Self::Categories => &["name"],
            Self::Orders | Self::Baskets => &["lines"],
            Self::Customers => &["email"],
            Self::Inventory => &["available"],
        }
    }
}

const PRODUCT: &[&str] = &[
    "name",
    "sku",
    "description_html",
    "status",
    "brand",
    "categories",
    "tags",
    "images.url",
    "images.alt",
    "options.name",
    "options.values",
    "variants.id",
    "variants.sku",
    "variants.barcode",
    "variants.options.*",
    "variants.price.amount",
    "variants.price.currency",
    "variants.compare_at.amount",
    "variants.compare_at.currency",
    "variants.cost.amount",
    "variants.cost.currency",
    "variants.weight.value",
    "variants.weight.unit",
    "variants.inventory.tracked",
    "variants.inventory.quantity",
    "variants.inventory.backorder",
    "price.amount",
    "price.currency",
    "compare_at.amount",
    "compare_at.currency",
    "tax_class",
    "weight.value",
    "weight.unit",
    "dimensions.length",
    "dimensions.width",
    "dimensions.height",
    "dimensions.unit",
    "seo.slug",
    "seo.title",
    "seo.description",
    "meta.key",
    "meta.value.*",
];

macro_rules! with_address {
    ([$($before:literal),*], [$($under:literal),*], [$($after:literal),*]) => {
        with_address!(@join [$($before),*] [$($after),*] $($under)*)
    };
    (@join [$($before:literal),*] [$($after:literal),*] $($under:literal)*) => {
        &[
            $($before,)*
            $(
                concat!($under, ".first_name"), concat!($under, ".last_name"), concat!($under, ".company"),
                concat!($under, ".line1"), concat!($under, ".line2"), concat!($under, ".city"),
                concat!($under, ".region.code"), concat!($under, ".region.name"), concat!($under, ".postcode"),
                concat!($under, ".country"), concat!($under, ".phone"), concat!($under, ".tax_id"),
            )*
            $($after,)*
        ]
    };
}

const CUSTOMER: &[&str] = with_address!(
    ["email", "phone", "first_name", "last_name", "groups"],
    ["addresses"],
    ["marketing.email", "marketing.sms", "meta.key", "meta.value.*"]
);

const ORDER: &[&str] = with_address!(
    [
        "status",
        "financial_status",
        "fulfillment_status",
        "currency",
        "customer.id",
        "customer.email",
        "customer.first_name",
        "customer.last_name"
    ],
    ["billing", "shipping"],
    [
        "lines.product_id",
        "lines.variant_id",
        "lines.name",
        "lines.quantity",
        "lines.unit_price.amount",
        "lines.unit_price.currency",
        "shipping_lines.title",
        "shipping_lines.code",
        "shipping_lines.total.amount",
        "shipping_lines.total.currency",
        "note",
        "meta.key",
        "meta.value.*"
    ]
);
