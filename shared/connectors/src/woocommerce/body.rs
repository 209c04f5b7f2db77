//! What a caller wants written, as the bodies of WooCommerce's REST v3: what was not sent is not written, and what was sent as `null` is
//! written as WooCommerce writes "none" (`platforms.md` 4.3). Amounts are text.

use domain::model::input::{
    AddressInput, CategoryInput, Change, CustomerInput, DimensionsInput, ImageInput, LineInput, OrderInput,
    ProductInput, ShippingLineInput, StockInput, VariantInput, WeightInput,
};
use domain::model::{MetaField, ProductStatus};
use domain::money::{Amount, Currency, Money};
use serde::Serialize;

use super::status;
use crate::connector::Refusal;

/// What products and variations share.
#[derive(Default, Serialize)]
pub(super) struct Sold {
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    global_unique_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) regular_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sale_price: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    manage_stock: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stock_quantity: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backorders: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight: Option<String>,
}

/// A product.
#[derive(Default, Serialize)]
pub(super) struct Product {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slug: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<Dimensions>,
    #[serde(skip_serializing_if = "Option::is_none")]
    categories: Option<Vec<Id>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    images: Option<Vec<Image>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<Vec<Attribute>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta_data: Option<Vec<MetaField>>,
    #[serde(flatten)]
    pub(super) sold: Sold,
}

/// A variation.
#[derive(Serialize)]
pub(super) struct Variation {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<Choice>,
    #[serde(flatten)]
    pub(super) sold: Sold,
}

#[derive(Serialize)]
struct Id {
    id: u64,
}

#[derive(Serialize)]
struct Image {
    src: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    alt: Option<String>,
}

#[derive(Serialize)]
struct Attribute {
    name: String,
    options: Vec<String>,
    visible: bool,
    variation: bool,
}

#[derive(Serialize)]
struct Choice {
    name: String,
    option: String,
}

#[derive(Serialize)]
struct Dimensions {
    length: String,
    width: String,
    height: String,
}

impl Product {
    /// The product without its prices: they need what the product has now.
    pub(super) fn new(input: ProductInput) -> Result<Self, Refusal> {
        let ProductInput { name, sku, description_html, status, categories, images, options, .. } = input;
        if matches!(name, Change::Clear) {
            return Err(cannot_be_emptied("/name"));
        }
        let seo = input.seo.set().cloned().unwrap_or_default();
        let attributes = options.or_empty(Vec::new()).map(|options| {
            let attribute = |option: domain::model::input::ProductOptionInput| Attribute {
                name: option.name,
                options: option.values,
                visible: true,
                variation: true,
            };
            options.into_iter().map(attribute).collect()
        });
        Ok(Self {
            kind: None,
            name: name.or_empty(String::new()),
            description: description_html.or_empty(String::new()),
            status: match status {
                Change::Keep => None,
                Change::Clear => return Err(cannot_be_emptied("/status")),
                Change::Set(ProductStatus::Active) => Some("publish"),
                Change::Set(ProductStatus::Draft) => Some("draft"),
                Change::Set(ProductStatus::Archived) => Some("private"),
            },
            slug: seo.slug.or_empty(String::new()),
            tax_class: input.tax_class.or_empty(String::new()),
            dimensions: input.dimensions.or_empty(DimensionsInput::default()).map(|size| Dimensions {
                length: amount(size.length),
                width: amount(size.width),
                height: amount(size.height),
            }),
            categories: match categories.or_empty(Vec::new()) {
                None => None,
                Some(ids) => {
                    let id =
                        |(index, id): (usize, String)| Ok(Id { id: number(&id, || format!("/categories/{index}"))? });
                    Some(ids.into_iter().enumerate().map(id).collect::<Result<_, Refusal>>()?)
                }
            },
            images: images
                .or_empty(Vec::new())
                .map(|images| images.into_iter().map(|ImageInput { url, alt }| Image { src: url, alt }).collect()),
            attributes,
            meta_data: meta(input.meta),
            sold: Sold { sku: sku.or_empty(String::new()), weight: weight(input.weight), ..Sold::default() },
        })
    }

    /// Takes in what was given for the one variant of a product without options: both are one object here.
    pub(super) fn absorb(&mut self, variant: VariantInput) {
        let sold = Sold::new(variant.sku, variant.barcode, variant.weight, variant.inventory);
        let own = &mut self.sold;
        own.sku = own.sku.take().or(sold.sku);
        own.weight = own.weight.take().or(sold.weight);
        own.global_unique_id = sold.global_unique_id;
        (own.manage_stock, own.stock_quantity, own.backorders) =
            (sold.manage_stock, sold.stock_quantity, sold.backorders);
    }
}

impl Variation {
    /// The variation without its prices.
    pub(super) fn new(input: VariantInput, pointer: &str) -> Result<Self, Refusal> {
        Ok(Self {
            id: input.id.map(|id| number(&id, || format!("{pointer}/id"))).transpose()?,
            attributes: input.options.into_iter().map(|(name, option)| Choice { name, option }).collect(),
            sold: Sold::new(input.sku, input.barcode, input.weight, input.inventory),
        })
    }
}

impl Sold {
    fn new(
        sku: Change<String>,
        barcode: Change<String>,
        weight: Change<WeightInput>,
        stock: Change<StockInput>,
    ) -> Self {
        let stock = match stock {
            Change::Keep => StockInput::default(),
            Change::Clear => StockInput { tracked: Some(false), ..StockInput::default() },
            Change::Set(stock) => stock,
        };
        Self {
            sku: sku.or_empty(String::new()),
            global_unique_id: barcode.or_empty(String::new()),
            // A number of pieces is kept only by a product that counts them.
            manage_stock: stock.tracked.or(stock.quantity.map(|_| true)),
            stock_quantity: stock.quantity,
            backorders: stock.backorder.map(|allowed| if allowed { "yes" } else { "no" }),
            weight: self::weight(weight),
            ..Self::default()
        }
    }
}

/// The stock of a product or variation; nothing is counted where the number is taken away.
#[derive(Serialize)]
pub(super) struct Stock {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<u64>,
    manage_stock: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    stock_quantity: Option<i64>,
}

impl Stock {
    pub(super) fn new(available: &Change<i64>, id: Option<u64>) -> Self {
        let stock_quantity = available.set().copied();
        Self { id, manage_stock: stock_quantity.is_some(), stock_quantity }
    }
}

/// A category.
#[derive(Serialize)]
pub(super) struct Category {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slug: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    menu_order: Option<i64>,
}

impl Category {
    pub(super) fn new(input: CategoryInput) -> Result<Self, Refusal> {
        if matches!(input.name, Change::Clear) {
            return Err(cannot_be_emptied("/name"));
        }
        Ok(Self {
            name: input.name.or_empty(String::new()),
            parent: match input.parent_id {
                Change::Keep => None,
                Change::Clear => Some(0),
                Change::Set(id) => Some(number(&id, || "/parent_id".to_owned())?),
            },
            slug: input.slug.or_empty(String::new()),
            menu_order: input.position.or_empty(0),
        })
    }
}

/// A customer.
#[derive(Serialize)]
pub(super) struct Customer {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta_data: Option<Vec<MetaField>>,
}

impl Customer {
    /// WooCommerce keeps two addresses, the first for billing and the second for shipping, and the telephone number in the first.
    pub(super) fn new(input: CustomerInput) -> Result<Self, Refusal> {
        if matches!(input.email, Change::Clear) {
            return Err(cannot_be_emptied("/email"));
        }
        let (mut billing, shipping) = match input.addresses.or_empty(Vec::new()) {
            None => (None, None),
            Some(addresses) if addresses.len() > 2 => {
                return Err(field("/addresses/2", "WooCommerce keeps two addresses, for billing and for shipping"));
            }
            Some(addresses) => {
                let mut addresses = addresses.into_iter().map(Address::new);
                let none = || Address::new(AddressInput::default());
                (Some(addresses.next().unwrap_or_else(none)), Some(addresses.next().unwrap_or_else(none)))
            }
        };
        if let Some(phone) = input.phone.or_empty(String::new()) {
            billing.get_or_insert_default().phone = Some(phone);
        }
        Ok(Self {
            email: input.email.or_empty(String::new()),
            first_name: input.first_name.or_empty(String::new()),
            last_name: input.last_name.or_empty(String::new()),
            billing,
            shipping,
            meta_data: meta(input.meta),
        })
    }
}

#[derive(Default, Serialize)]
struct Address {
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address_1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address_2: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postcode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// Orders only: it is the buyer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
}

impl Address {
    /// The whole address: WooCommerce keeps parts that are not sent, so the empty ones are.
    fn new(input: AddressInput) -> Self {
        let some = |text: Option<String>| Some(text.unwrap_or_default());
        Self {
            first_name: some(input.first_name),
            last_name: some(input.last_name),
            company: some(input.company),
            address_1: some(input.line1),
            address_2: some(input.line2),
            city: some(input.city),
            state: some(input.region.code),
            postcode: some(input.postcode),
            country: some(input.country),
            phone: some(input.phone),
            email: None,
        }
    }
}

/// An order.
#[derive(Serialize)]
pub(super) struct Order {
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<Currency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line_items: Option<Vec<Line>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping_lines: Option<Vec<ShippingLine>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta_data: Option<Vec<MetaField>>,
}

#[derive(Serialize)]
struct Line {
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variation_id: Option<u64>,
    quantity: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    subtotal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<String>,
}

#[derive(Serialize)]
struct ShippingLine {
    method_id: String,
    method_title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<String>,
}

impl Order {
    /// An order to create, or with `is_new` false the change of one: WooCommerce would add lines to those that are there.
    pub(super) fn new(input: OrderInput, is_new: bool) -> Result<Self, Refusal> {
        const AT_BIRTH: &str = "WooCommerce takes lines with a new order only";
        if !is_new && !input.lines.is_keep() {
            return Err(field("/lines", AT_BIRTH));
        }
        if !is_new && !input.shipping_lines.is_keep() {
            return Err(field("/shipping_lines", AT_BIRTH));
        }
        let mut currency = Wallet::default();
        match input.currency {
            Change::Keep => {}
            Change::Clear => return Err(cannot_be_emptied("/currency")),
            Change::Set(given) => currency.currency = Some(given),
        }
        let lines = input.lines.or_empty(Vec::new()).map(|lines| {
            let line = |(index, line)| Line::new(line, index, &mut currency);
            lines.into_iter().enumerate().map(line).collect::<Result<_, Refusal>>()
        });
        let shipping_lines = input.shipping_lines.or_empty(Vec::new()).map(|lines| {
            let line = |(index, line): (usize, ShippingLineInput)| {
                let total = line.total.map(|total| {
                    currency.put(&total, || format!("/shipping_lines/{index}/total/currency"))?;
                    Ok(total.amount.to_string())
                });
                let code = line.code.unwrap_or_default();
                Ok(ShippingLine { method_id: code, method_title: line.title, total: total.transpose()? })
            };
            lines.into_iter().enumerate().map(line).collect::<Result<_, Refusal>>()
        });
        let mut billing = input.billing.or_empty(AddressInput::default()).map(Address::new);
        let customer_id = match input.customer {
            Change::Keep => None,
            Change::Clear => Some(0),
            Change::Set(customer) => {
                // The order has no names of its own: they stand in the billing address.
                let parts = [customer.email, customer.first_name, customer.last_name];
                if parts.iter().any(Option::is_some) {
                    let billing = billing.get_or_insert_default();
                    let [email, first_name, last_name] = parts;
                    billing.email = email;
                    billing.first_name = first_name.or(billing.first_name.take());
                    billing.last_name = last_name.or(billing.last_name.take());
                }
                customer.id.map(|id| number(&id, || "/customer/id".to_owned())).transpose()?
            }
        };
        Ok(Self {
            status: status::wanted(input.status, input.financial_status, input.fulfillment_status, is_new)?,
            line_items: lines.transpose()?,
            shipping_lines: shipping_lines.transpose()?,
            currency: currency.currency,
            customer_id,
            billing,
            shipping: input.shipping.or_empty(AddressInput::default()).map(Address::new),
            customer_note: input.note.or_empty(String::new()),
            meta_data: meta(input.meta),
        })
    }
}

impl Line {
    fn new(input: LineInput, index: usize, currency: &mut Wallet) -> Result<Self, Refusal> {
        let at = |name: &str| format!("/lines/{index}/{name}");
        if input.quantity < 1 {
            return Err(Refusal::Field { pointer: at("quantity"), why: "must be at least 1" });
        }
        if input.product_id.is_none() && input.variant_id.is_none() {
            return Err(Refusal::Field { pointer: at("product_id"), why: "WooCommerce has no line without a product" });
        }
        // A product without variations is its own variant.
        let variant_id = input.variant_id.filter(|variant| Some(variant) != input.product_id.as_ref());
        let total = match input.unit_price {
            None => None,
            Some(price) => {
                currency.put(&price, || at("unit_price/currency"))?;
                let too_large = || Refusal::Field { pointer: at("unit_price"), why: "the sum is too large" };
                Some(times(&price.amount, input.quantity).ok_or_else(too_large)?)
            }
        };
        Ok(Self {
            product_id: input.product_id.map(|id| number(&id, || at("product_id"))).transpose()?,
            variation_id: variant_id.map(|id| number(&id, || at("variant_id"))).transpose()?,
            quantity: input.quantity,
            subtotal: total.clone(),
            total,
        })
    }
}

/// The one currency of all amounts that are written together.
#[derive(Default)]
pub(super) struct Wallet {
    pub(super) currency: Option<Currency>,
    /// Where it stands first.
    pub(super) pointer: String,
}

impl Wallet {
    /// Notes an amount's currency; the first one decides.
    fn put(&mut self, money: &Money, pointer: impl FnOnce() -> String) -> Result<(), Refusal> {
        match (money.currency, self.currency) {
            (None, _) => Ok(()),
            (Some(currency), Some(first)) if currency == first => Ok(()),
            (Some(currency), None) => {
                *self = Self { currency: Some(currency), pointer: pointer() };
                Ok(())
            }
            (Some(_), Some(_)) => Err(Refusal::Field { pointer: pointer(), why: "all amounts are in one currency" }),
        }
    }

    /// Notes those of the two prices of what stands at `pointer`.
    pub(super) fn put_all(
        &mut self,
        price: &Change<Money>,
        compare_at: &Change<Money>,
        pointer: &str,
    ) -> Result<(), Refusal> {
        for (name, money) in [("price", price.set()), ("compare_at", compare_at.set())] {
            if let Some(money) = money {
                self.put(money, || format!("{pointer}/{name}/currency"))?;
            }
        }
        Ok(())
    }
}

/// The exact product of an amount and a number of pieces; `None` when it does not fit.
fn times(amount: &Amount, count: i64) -> Option<String> {
    let scale = amount.as_str().split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let scale = u8::try_from(scale).ok().filter(|scale| *scale <= 9)?;
    let units = amount.to_minor_units(scale)?.checked_mul(i128::from(count))?;
    Some(Amount::from_minor_units(units, scale).ok()?.to_string())
}

/// Both prices as WooCommerce keeps them: `regular_price` and, while there is a reduction, `sale_price`.
#[derive(Clone, Default)]
pub(super) struct Prices {
    /// The regular one; empty for none.
    pub(super) regular: String,
    /// The reduced one; empty for none.
    pub(super) sale: String,
}

impl Prices {
    /// These prices with a caller's wishes: `price` is what a buyer pays, `compare_at` what it was before a reduction.
    pub(super) fn with(self, price: Change<Money>, compare_at: Change<Money>) -> Self {
        let is_reduced = !self.sale.is_empty();
        let paid = if is_reduced { self.sale } else { self.regular.clone() };
        let before = if is_reduced { self.regular } else { String::new() };
        let text = |change: Change<Money>, now: String| match change {
            Change::Keep => now,
            Change::Clear => String::new(),
            Change::Set(money) => money.amount.to_string(),
        };
        let (paid, before) = (text(price, paid), text(compare_at, before));
        if before.is_empty() || paid.is_empty() {
            Self { regular: paid, sale: String::new() }
        } else {
            Self { regular: before, sale: paid }
        }
    }
}

fn amount(value: Option<Amount>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn weight(change: Change<WeightInput>) -> Option<String> {
    change.map(|weight| weight.value.to_string()).or_empty(String::new())
}

/// A field is found by its key; those that are not sent stay.
fn meta(change: Change<Vec<MetaField>>) -> Option<Vec<MetaField>> {
    change.or_empty(Vec::new())
}

/// An id as WooCommerce has them: a whole number.
pub(super) fn number(id: &str, pointer: impl FnOnce() -> String) -> Result<u64, Refusal> {
    let is_number = (1..=19).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
    id.parse()
        .ok()
        .filter(|_| is_number)
        .ok_or_else(|| Refusal::Field { pointer: pointer(), why: "no object can have this id" })
}

fn field(pointer: &str, why: &'static str) -> Refusal {
    Refusal::Field { pointer: pointer.to_owned(), why }
}

pub(super) fn cannot_be_emptied(pointer: &str) -> Refusal {
    field(pointer, "WooCommerce cannot be without it")
}
