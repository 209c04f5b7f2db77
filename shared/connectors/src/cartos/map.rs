//! CartOS objects as unified ones (`platforms.md` 4.2).

use domain::model::{
    Address, Category, Customer, FinancialStatus, FulfillmentStatus, Image, InventoryLevel, Line, LineOption,
    Marketing, Order, OrderCustomer, OrderStatus, Product, ProductOption, ProductStatus, ProductType, Refund, Region,
    Seo, ShippingLine, Stock, Totals, Variant, Weight,
};
use domain::money::Currency;

use super::wire;
use crate::upstream::{AmountText, IdText, Item, optional, time};

pub(super) fn product(item: Item<wire::Product<'_>>) -> Product {
    let Item { wire, remote } = item;
    let id = wire.id.into_string();
    let currency: Option<Currency> = wire.currency.and_then(|code| code.parse().ok());
    let variants: Vec<Variant> =
        wire.variants.into_iter().map(|variant| self::variant(variant, &id, currency)).collect();
    let status = match wire.status.as_ref() {
        "active" => ProductStatus::Active,
        "archived" => ProductStatus::Archived,
        _ => ProductStatus::Draft,
    };
    let kind = match wire.kind.as_deref() {
        Some("variable") => ProductType::Variable,
        Some("bundle") => ProductType::Bundle,
        Some("virtual") => ProductType::Virtual,
        None if variants.len() > 1 => ProductType::Variable,
        _ => ProductType::Simple,
    };
    Product {
        remote_id: id.clone(),
        id,
        kind,
        sku: optional(wire.sku),
        name: wire.name.into_owned(),
        description_html: optional(wire.description),
        status,
        remote_status: Some(wire.status.into_owned()),
        brand: optional(wire.brand),
        categories: wire.category_ids.into_iter().map(IdText::into_string).collect(),
        tags: wire.tags,
        images: (0..)
            .zip(wire.images)
            .map(|(position, image)| Image {
                id: image.id.map(IdText::into_string),
                url: image.url.into_owned(),
                alt: optional(image.alt),
                position,
            })
            .collect(),
        options: wire
            .options
            .into_iter()
            .map(|option| ProductOption { name: option.name, values: option.values })
            .collect(),
        variants,
        price: wire.price.money(currency),
        compare_at: wire.compare_at_price.money(currency),
        tax_class: optional(wire.tax_class),
        weight: weight(wire.weight, optional(wire.weight_unit)),
        dimensions: None,
        seo: Seo {
            slug: optional(wire.slug),
            title: optional(wire.seo_title),
            description: optional(wire.seo_description),
        },
        meta: Vec::new(),
        created_at: time(wire.created_at.as_deref()),
        updated_at: time(wire.updated_at.as_deref()),
        source_time: None,
        remote,
    }
}

fn variant(wire: wire::Variant<'_>, product_id: &str, currency: Option<Currency>) -> Variant {
    Variant {
        id: wire.id.into_string(),
        product_id: product_id.to_owned(),
        sku: optional(wire.sku),
        barcode: optional(wire.barcode),
        options: wire.options,
        price: wire.price.money(currency),
        compare_at: wire.compare_at_price.money(currency),
        cost: wire.cost.money(currency),
        weight: weight(wire.weight, optional(wire.weight_unit)),
        inventory: Stock {
            tracked: wire.track_inventory,
            quantity: if wire.track_inventory { wire.stock } else { None },
            backorder: wire.allow_backorder,
            locations: Vec::new(),
        },
        image_id: wire.image_id.map(IdText::into_string),
    }
}

fn weight(value: AmountText<'_>, unit: Option<String>) -> Option<Weight> {
    value.amount().map(|value| Weight { value, unit })
}

pub(super) fn category(item: Item<wire::Category<'_>>) -> Category {
    let Item { wire, remote } = item;
    let id = wire.id.into_string();
    Category {
        remote_id: id.clone(),
        id,
        parent_id: wire.parent_id.map(IdText::into_string),
        name: wire.name.into_owned(),
        slug: optional(wire.slug),
        path: optional(wire.path),
        position: wire.position,
        visible: wire.visible,
        remote,
    }
}

pub(super) fn inventory_level(item: Item<wire::InventoryLevel<'_>>) -> InventoryLevel {
    let Item { wire, remote } = item;
    InventoryLevel {
        variant_id: wire.variant_id.into_string(),
        location_id: wire.location_id.map(IdText::into_string),
        available: wire.available,
        on_hand: wire.on_hand,
        updated_at: time(wire.updated_at.as_deref()),
        remote,
    }
}

pub(super) fn customer(item: Item<wire::Customer<'_>>) -> Customer {
    let Item { wire, remote } = item;
    let id = wire.id.into_string();
    Customer {
        remote_id: id.clone(),
        id,
        email: optional(wire.email),
        phone: optional(wire.phone),
        first_name: optional(wire.first_name),
        last_name: optional(wire.last_name),
        is_guest: false,
        groups: wire.groups,
        addresses: wire.addresses.into_iter().map(address).collect(),
        marketing: Marketing { email: wire.accepts_email_marketing, sms: wire.accepts_sms_marketing },
        meta: Vec::new(),
        created_at: time(wire.created_at.as_deref()),
        updated_at: time(wire.updated_at.as_deref()),
        source_time: None,
        remote,
    }
}

fn address(wire: wire::Address<'_>) -> Address {
    Address {
        first_name: optional(wire.first_name),
        last_name: optional(wire.last_name),
        company: optional(wire.company),
        line1: optional(wire.line1),
        line2: optional(wire.line2),
        city: optional(wire.city),
        region: Region { code: optional(wire.region_code), name: optional(wire.region) },
        postcode: optional(wire.postcode),
        country: optional(wire.country),
        phone: optional(wire.phone),
        tax_id: optional(wire.tax_id),
    }
}

pub(super) fn order(item: Item<wire::Order<'_>>) -> Order {
    let Item { wire, remote } = item;
    let id = wire.id.into_string();
    let currency: Option<Currency> = wire.currency.parse().ok();
    Order {
        remote_id: id.clone(),
        id,
        number: wire.number.into_owned(),
        status: match wire.status.as_ref() {
            "completed" => OrderStatus::Completed,
            "cancelled" => OrderStatus::Cancelled,
            _ => OrderStatus::Open,
        },
        financial_status: financial_status(wire.payment_status.as_deref()),
        fulfillment_status: match wire.fulfillment_status.as_deref() {
            Some("partial") => FulfillmentStatus::Partial,
            Some("fulfilled") => FulfillmentStatus::Fulfilled,
            Some("returned") => FulfillmentStatus::Returned,
            _ => FulfillmentStatus::Unfulfilled,
        },
        remote_status: wire.status.into_owned(),
        currency,
        totals: Totals {
            subtotal: wire.subtotal.money(currency),
            discount: wire.discount.money(currency),
            shipping: wire.shipping.money(currency),
            tax: wire.tax.money(currency),
            total: wire.total.money(currency),
            tax_included: wire.tax_included,
            paid: wire.paid.money(currency),
            refunded: wire.refunded.money(currency),
        },
        customer: buyer(wire.customer),
        billing: wire.billing_address.map(address),
        shipping: wire.shipping_address.map(address),
        lines: wire.lines.into_iter().map(|line| self::line(line, currency)).collect(),
        shipping_lines: wire
            .shipping_lines
            .into_iter()
            .map(|line| ShippingLine {
                id: line.id.map(IdText::into_string),
                title: line.title.into_owned(),
                code: optional(line.code),
                total: line.total.money(currency),
                tax: line.tax.money(currency),
            })
            .collect(),
        refunds: wire
            .refunds
            .into_iter()
            .map(|refund| Refund {
                id: refund.id.into_string(),
                amount: refund.amount.money(currency),
                reason: optional(refund.reason),
                created_at: time(refund.created_at.as_deref()),
            })
            .collect(),
        meta: Vec::new(),
        placed_at: time(wire.created_at.as_deref()),
        updated_at: time(wire.updated_at.as_deref()),
        cancelled_at: time(wire.cancelled_at.as_deref()),
        source_time: None,
        note: optional(wire.note),
        source: optional(wire.source),
        remote,
    }
}

fn financial_status(text: Option<&str>) -> FinancialStatus {
    match text {
        Some("authorized") => FinancialStatus::Authorized,
        Some("paid") => FinancialStatus::Paid,
        Some("partially_refunded") => FinancialStatus::PartiallyRefunded,
        Some("refunded") => FinancialStatus::Refunded,
        Some("voided") => FinancialStatus::Voided,
        Some("failed") => FinancialStatus::Failed,
        _ => FinancialStatus::Pending,
    }
}

fn buyer(wire: Option<wire::Buyer<'_>>) -> OrderCustomer {
    let Some(wire) = wire else {
        return OrderCustomer { id: None, email: None, first_name: None, last_name: None, is_guest: true };
    };
    let id = wire.id.map(IdText::into_string);
    OrderCustomer {
        is_guest: id.is_none(),
        id,
        email: optional(wire.email),
        first_name: optional(wire.first_name),
        last_name: optional(wire.last_name),
    }
}

fn line(wire: wire::Line<'_>, currency: Option<Currency>) -> Line {
    Line {
        id: wire.id.into_string(),
        product_id: wire.product_id.map(IdText::into_string),
        variant_id: wire.variant_id.map(IdText::into_string),
        sku: optional(wire.sku),
        name: wire.name.into_owned(),
        quantity: wire.quantity,
        unit_price: wire.unit_price.money(currency),
        unit_price_inc_tax: wire.unit_price_inc_tax.money(currency),
        discount: wire.discount.money(currency),
        tax: wire.tax.money(currency),
        total: wire.total.money(currency),
        options: wire.options.into_iter().map(|(name, value)| LineOption { name, value }).collect(),
    }
}
